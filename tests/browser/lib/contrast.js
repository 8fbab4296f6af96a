import { expect } from "@playwright/test";
import { media } from "./media.js";

const LEAST = 4.5;

// What axe cannot judge or does not look at: the hints in empty fields, what stands before and behind an element, texts
// that were selected; and every text once more, against the colours that are really beneath it. `within` is a selector.
export async function faint(page, within) {
  return page.evaluate(
    ([least, place]) => {
      const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      // The colour that these, painted over each other, make.
      const painted = (colours) => {
        context.globalAlpha = 1;
        context.fillStyle = "#fff";
        context.fillRect(0, 0, 1, 1);
        for (const [colour, alpha] of colours) {
          context.globalAlpha = alpha;
          context.fillStyle = colour;
          context.fillRect(0, 0, 1, 1);
        }
        return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      };
      const light = (rgb) => {
        const [red, green, blue] = rgb.map((part) => {
          const share = part / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const contrast = (one, other) => {
        const [low, high] = [light(one), light(other)].toSorted((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
      };
      const above = (element) => {
        const all = [];
        for (let at = element; at; at = at.parentElement) all.unshift(at);
        return all;
      };
      const beneath = (element) => above(element).map((at) => [getComputedStyle(at).backgroundColor, 1]);
      const shown = (element) => above(element).reduce((left, at) => left * Number(getComputedStyle(at).opacity), 1);
      const found = [];
      const judge = (element, colour, ground, what, alpha = 1) => {
        const seen = contrast(painted([...ground, [colour, alpha]]), painted(ground));
        if (seen < least - 0.01) found.push(`${seen.toFixed(2)} ${what} ${element.outerHTML.slice(0, 90)}`);
      };
      const root = place ? document.querySelector(place) : document.body;
      let looked = 0;
      for (const element of [root, ...root.querySelectorAll("*")]) {
        if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        // What cannot be pressed now is let be faint, as everywhere.
        if (element.closest(":disabled, [aria-disabled=true], .visually-hidden, svg, option")) continue;
        const box = element.getBoundingClientRect();
        if (box.width < 2 || box.height < 2) continue;
        const style = getComputedStyle(element);
        const ground = beneath(element);
        const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
        if (hasText || element.matches("input:not([type=radio], [type=checkbox], [type=file]), textarea, select")) {
          looked += 1;
          judge(element, style.color, ground, "text", shown(element));
          const selected = getComputedStyle(element, "::selection");
          if (selected.backgroundColor !== "rgba(0, 0, 0, 0)")
            judge(element, selected.color, [...ground, [selected.backgroundColor, 1]], "selected text");
        }
        if (element.placeholder) {
          const hint = getComputedStyle(element, "::placeholder");
          judge(element, hint.color, ground, "hint", Number(hint.opacity) * shown(element));
        }
        for (const pseudo of ["::before", "::after", "::marker"]) {
          const part = getComputedStyle(element, pseudo);
          if (!/^"[^"]*[\p{L}\p{N}][^"]*"$/u.test(part.content) || Number(part.opacity) === 0) continue;
          const own = pseudo === "::marker" ? [] : [[part.backgroundColor, 1]];
          judge(element, part.color, [...ground, ...own], pseudo, Number(part.opacity) * shown(element));
        }
      }
      return { found, looked };
    },
    [LEAST, within],
  );
}

// Every text has a contrast of at least 4.5, in both themes.
export async function expectContrast(page, what, within) {
  const before = await media(page);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { found, looked } = await faint(page, within);
    expect.soft(found, `${what}, ${colorScheme}`).toEqual([]);
    expect(looked, `${what}: texts were looked at`).toBeGreaterThan(0);
  }
  await page.emulateMedia(before);
}
