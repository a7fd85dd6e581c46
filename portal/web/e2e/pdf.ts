/** A PDF of one page: a title, a heading and lines under it. */
export function pdf(title: string, heading: string, lines: string[]): Buffer {
  const text = (size: number, top: number, s: string) =>
    `BT /F1 ${size} Tf 72 ${top} Td (${s.replace(/[\\()]/g, "\\$&")}) Tj ET\n`;
  const stream = [
    text(22, 780, title),
    text(16, 740, heading),
    ...lines.map((l, i) => text(11, 720 - 14 * i, l)),
  ].join("");
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
  ];
  let out = "%PDF-1.7\n";
  const places: number[] = [];
  for (const [i, body] of objects.entries()) {
    places.push(out.length);
    out += `${i + 1} 0 obj\n${body}\nendobj\n`;
  }
  const at = out.length;
  const rows = places.map((p) => `${String(p).padStart(10, "0")} 00000 n \n`).join("");
  out += `xref\n0 6\n0000000000 65535 f \n${rows}trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.from(out, "latin1");
}
