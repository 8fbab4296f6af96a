// Ends the run with one line that machines read as well.
export default class ClosingLine {
  #counts = { passed: 0, failed: 0, skipped: 0 };

  onTestEnd(_test, result) {
    const kind = result.status === "passed" ? "passed" : result.status === "skipped" ? "skipped" : "failed";
    this.#counts[kind] += 1;
  }

  onEnd() {
    const { passed, failed, skipped } = this.#counts;
    console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
  }
}
