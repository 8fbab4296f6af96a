// Fills its hidden field with the time zone of the browser, as a proposal for the new journal.
export class ZoneFieldElement extends HTMLElement {
  static define() {
    customElements.define("zone-field", ZoneFieldElement);
  }

  connectedCallback() {
    const field = this.querySelector("input");
    if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  }
}
