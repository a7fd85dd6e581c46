// Runs before the first paint, so that the page never flashes in the other
// scheme. A file of its own because the policy forbids inline scripts.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("conserje.scheme");
  } catch {}
  const dark =
    chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
