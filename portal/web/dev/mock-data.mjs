// Set pieces for mock-server.mjs.
const id = (n) => `0190a000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const acme = { id: id(1), name: "Acme" };
const globex = { id: id(2), name: "Globex" };

export const people = [
  {
    id: id(11),
    name: "Ana Torres",
    login: "ana",
    email: "ana@acme.example",
    role: "contact",
    language: "es",
    company: acme,
  },
  {
    id: id(12),
    name: "Ben Carter",
    login: "ben",
    email: "ben@acme.example",
    role: "main_contact",
    language: "en",
    company: acme,
  },
  {
    id: id(13),
    name: "Chloé Martin",
    login: "chloe",
    email: "chloe@globex.example",
    role: "contact",
    language: "fr",
    company: globex,
  },
  {
    id: id(14),
    name: "Tess Wagner",
    login: "tess",
    email: "tess@northwind.example",
    role: "technician",
    language: "en",
  },
  {
    id: id(15),
    name: "Adam Novak",
    login: "adam",
    email: "adam@northwind.example",
    role: "admin",
    language: "en",
  },
];

export const articles = [
  {
    id: id(101),
    key: "vpn-connect",
    texts: {
      en: {
        title: "Connect to the VPN",
        summary: "How to start the VPN and what to do when it does not connect.",
        html: `<p id="p1">The VPN lets you reach files and programs of the office from anywhere.</p><h2 id="start">Start the VPN</h2><p id="p2">Open <strong>Global Access</strong> from the start menu, choose your site and press <em>Connect</em>.</p><h2 id="fails">When it does not connect</h2><ol id="l1"><li>Check that other pages open in the browser.</li><li>Close Global Access completely and open it again.</li><li>Restart the computer once.</li></ol><p id="p3">If it says <code>ERR 809</code>, the network you are in blocks the VPN. Try your phone's hotspot.</p><h2 id="home">At home</h2><p id="p4">Some routers need an update before a VPN works through them. Your provider's help pages say how.</p><p>${"More words so that the page scrolls. ".repeat(60)}</p>`,
      },
      es: {
        title: "Conectarse a la VPN",
        summary: "Cómo iniciar la VPN y qué hacer cuando no conecta.",
        html: `<p id="p1">La VPN le permite llegar a los archivos de la oficina desde cualquier lugar.</p><h2 id="fails">Cuando no conecta</h2><ol id="l1"><li>Compruebe que otras páginas se abren.</li><li>Cierre la aplicación por completo y ábrala de nuevo.</li></ol>`,
      },
    },
  },
  {
    id: id(102),
    key: "print-queue",
    texts: {
      en: {
        title: "The printer does not print",
        summary: "Clear the queue, check the paper, choose the right printer.",
        html: `<h2 id="queue">Clear the queue</h2><p id="p1">Open <em>Settings › Printers</em>, choose your printer and delete the waiting jobs.</p><h2 id="right">The right printer</h2><p id="p2">Look whether the printer that is chosen is the one you stand at.</p>`,
      },
    },
  },
];

const cite = (n, a, lang, anchor, heading, quote) => {
  const l = a.texts[lang] ? lang : "en";
  return { n, article: a.id, lang: l, title: a.texts[l].title, heading, anchor, quote };
};

export function answerFor(question, lang) {
  if (/fail/i.test(question))
    return { steps: [], text: "I start to ans", citations: [], fail: true };
  const [vpn, print] = articles;
  const first = cite(
    1,
    vpn,
    lang,
    "fails",
    lang === "es" ? "Cuando no conecta" : "When it does not connect",
    "Close Global Access completely and open it again. Restart the computer once.",
  );
  const second = cite(
    2,
    print,
    lang,
    "queue",
    "Clear the queue",
    "Open Settings › Printers, choose your printer and delete the waiting jobs.",
  );
  const long = /long/i.test(question)
    ? `\n\n${"A further paragraph that says the same in other words, to be long. ".repeat(40)}`
    : "";
  return {
    steps: [
      {
        name: "search_knowledge",
        arguments: { query: question },
        content: "[1] Connect to the VPN › When it does not connect …",
        citations: [first, second],
      },
    ],
    text: `Here is what usually helps, in this order:\n\n1. **Close the VPN program completely** and open it again. [1]\n2. Restart the computer once. [1]\n3. If it shows \`ERR 809\`, the network blocks the VPN: try your phone's hotspot.\n\nIf it is the printer instead, delete the waiting jobs first. [2] More at [the maker's page](https://support.example.com/vpn).\n\nDoes one of these help?${long}`,
    citations: [first, second],
  };
}

export const seedTickets = [
  {
    requester: "ben",
    assignee: "tess",
    subject: "New laptop does not reach the meeting room display",
    description:
      "Since Monday the wireless display in room 4 is not found any more. My colleague's laptop finds it.",
    status: "pending",
    updated_at: "2026-11-23T08:10:00Z",
    replies: [
      {
        id: id(201),
        author: { id: id(14), name: "Tess Wagner", staff: true },
        text: "Could you tell me which Windows version it shows under Settings › System › About?",
        internal: false,
        at: "2026-11-23T08:10:00Z",
      },
      {
        id: id(202),
        author: { id: id(14), name: "Tess Wagner", staff: true },
        text: "Probably the driver of batch 7, like #1012.",
        internal: true,
        at: "2026-11-23T08:12:00Z",
      },
    ],
  },
  {
    requester: "ana",
    subject: "Outlook pide la contraseña una y otra vez",
    description: "Desde ayer.",
    status: "open",
    assignee: "tess",
    updated_at: "2026-11-22T15:00:00Z",
  },
  {
    requester: "ben",
    subject: "Access to the marketing folder",
    description: "For the new campaign.",
    status: "resolved",
    updated_at: "2026-11-18T10:00:00Z",
  },
  {
    requester: "chloe",
    subject: "L’imprimante du 2e étage n’imprime plus",
    description: "Voyant rouge.",
    status: "new",
    updated_at: "2026-11-23T11:45:00Z",
  },
];
