/** Scrolling that moves, for those who want movement; at once for all others. */
export const gently = (): ScrollBehavior =>
  matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
