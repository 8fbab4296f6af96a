// The whole script of a page: htmx with its nonce gate, our elements, and the habits of every page.
// Order counts: htmx reads its configuration when it loads, and hx-csp must be there before htmx looks at the page.
import "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-csp.js";

import { CopyCodeElement } from "./elements/copy-code-element.js";
import { DayRecapsElement } from "./elements/day-recaps-element.js";
import { EntryComposerElement } from "./elements/entry-composer-element.js";
import { LiveSearchElement } from "./elements/live-search-element.js";
import { JournalCalendarElement } from "./elements/journal-calendar-element.js";
import { JournalDayElement } from "./elements/journal-day-element.js";
import { LockFormElement } from "./elements/lock-form-element.js";
import { ModelWaitElement } from "./elements/model-wait-element.js";
import { ReplyStreamElement } from "./elements/reply-stream-element.js";
import { RetryCountdownElement } from "./elements/retry-countdown-element.js";
import { StoreBannerElement } from "./elements/store-banner-element.js";
import { StrengthMeterElement } from "./elements/strength-meter-element.js";
import { SuggestPhraseElement } from "./elements/suggest-phrase-element.js";
import { TraceFieldElement } from "./elements/trace-field-element.js";
import { ZoneFieldElement } from "./elements/zone-field-element.js";
import { keepPageOnFullAnswers, keepPlaceInLists } from "./lib/answers.js";
import { offerFocusMode } from "./lib/focus.js";
import { keepFocus } from "./lib/keep-focus.js";
import { listenForShortcuts } from "./lib/keys.js";
import { leaveWhenLocked } from "./lib/lock.js";
import { closeMenus } from "./lib/menus.js";
import { dismissNotices } from "./lib/notice.js";
import { openInPlace } from "./lib/overlay.js";
import { tellOfReplies } from "./lib/replies.js";
import { tickInPlace } from "./lib/tasks.js";

for (const element of [
  CopyCodeElement,
  DayRecapsElement,
  EntryComposerElement,
  LiveSearchElement,
  JournalCalendarElement,
  JournalDayElement,
  LockFormElement,
  ModelWaitElement,
  ReplyStreamElement,
  RetryCountdownElement,
  StoreBannerElement,
  StrengthMeterElement,
  SuggestPhraseElement,
  TraceFieldElement,
  ZoneFieldElement,
]) {
  element.define();
}

// What needs a script is drawn only now.
document.documentElement.dataset.scripts = "";
keepPageOnFullAnswers();
keepPlaceInLists();
keepFocus();
listenForShortcuts();
openInPlace();
closeMenus();
dismissNotices();
offerFocusMode();
tellOfReplies();
tickInPlace();
leaveWhenLocked();
