// What the system of the page asks for now, to be put back after something else was tried.
export async function media(page) {
  const asked = await page.evaluate(() => ({
    isDark: matchMedia("(prefers-color-scheme: dark)").matches,
    isCalm: matchMedia("(prefers-reduced-motion: reduce)").matches,
  }));
  return {
    colorScheme: asked.isDark ? "dark" : "light",
    reducedMotion: asked.isCalm ? "reduce" : "no-preference",
    contrast: null,
    forcedColors: null,
  };
}
