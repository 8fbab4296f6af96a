const COUNT_FROM = 0.9; // of the most characters

// Says how many words stand in the box, and near the most characters how many of those.
export function showCount(area, output, most) {
  const text = area.value;
  const isNear = text.length >= most * COUNT_FROM;
  const words = isNear ? 0 : (text.match(/\S+/g)?.length ?? 0);
  const length = isNear ? [...text].length : 0;
  output.hidden = !isNear && words === 0;
  output.textContent = isNear ? `${length} of ${most}` : words === 1 ? "1 word" : `${words} words`;
  output.toggleAttribute("data-over", length > most);
}
