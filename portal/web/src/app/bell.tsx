/** The mark of the house: a bell on a counter. */
export function Bell({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" fill="var(--accent)" />
      <g fill="var(--accent-ink)">
        <path d="M6.5 21.5h19a9.5 9.5 0 0 0-19 0Z" />
        <rect x="5" y="23" width="22" height="2.4" rx="1.2" />
        <circle cx="16" cy="9.4" r="1.9" />
      </g>
    </svg>
  );
}
