// Tells the visitor when a request of HTMX ends in an error, of which the page would show nothing.
//
// An app that shows its errors itself either has a file static/gen/lib/htmx-errors.js of its own, or
// keeps the notice from being shown:
//
//   document.addEventListener("clace:error", (event) => {
//     event.preventDefault();  // event.detail has message, status and xhr
//   });
(() => {
  const WORDS = {
    0: "The server cannot be reached. Check your connection, and try again.",
    401: "You are signed out. Load the page again to sign in.",
    404: "What this page asked for is not there any more. Load the page again.",
    429: "Too many tries. Wait a while, and try again.",
    503: "The app is busy. Try again in a moment.",
    504: "The app took too long. Try again in a moment.",
  };
  const OTHERWISE = "That did not work.";
  const LONGEST = 1000;
  const STYLE = `
    :host { position: fixed; inset: auto 1rem 1rem; z-index: 2147483647; max-width: 34rem; margin: 0 auto; }
    div { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: start; padding: .9rem 1rem; border-radius: .5rem;
      font: 1rem/1.45 system-ui, sans-serif; color: #fff; background: #86201b;
      box-shadow: 0 .25rem 1rem #0006; overflow-wrap: anywhere; }
    p { margin: 0; flex: 1 1 16rem; white-space: pre-line; }
    button { font: inherit; min-height: 2.25rem; padding: .2rem .8rem; color: #fff; background: none;
      border: 1px solid #fff; border-radius: .35rem; cursor: pointer; }
    button:focus-visible { outline: 3px solid #fff; outline-offset: 2px; }
    div[hidden] { display: none; }`;
  const handled = new WeakSet();
  let notice;

  function made() {
    const host = document.createElement("clace-error");
    host.setAttribute("role", "alert");
    const root = host.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    const box = document.createElement("div");
    const text = document.createElement("p");
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "Dismiss";
    close.addEventListener("click", () => { box.hidden = true; text.textContent = ""; });
    box.append(text, close);
    root.append(box);
    return { host, box, text };
  }

  // What the server says of an error is plain text; a page, or JSON, is not for people to read here.
  function said(xhr) {
    const type = xhr?.getResponseHeader?.("Content-Type") || "";
    const text = type.startsWith("text/plain") ? xhr.responseText.trim() : "";
    const whole = text.slice(0, 1).toUpperCase() + text.slice(1);
    return whole.length > LONGEST ? whole.slice(0, LONGEST) + "…" : whole;
  }

  function tell(event) {
    const xhr = event.detail.xhr;
    if (event.defaultPrevented || (xhr && handled.has(xhr))) return;
    const status = xhr?.status ?? 0;
    const message = [WORDS[status] || OTHERWISE, status ? said(xhr) : ""].filter(Boolean).join("\n");
    const detail = { message, status, xhr };
    const asked = new CustomEvent("clace:error", { bubbles: true, cancelable: true, detail });
    if (!document.dispatchEvent(asked)) return;
    notice ??= made();
    // A page that went back in history, or was handled whole, does not have it any more.
    if (!notice.host.isConnected) document.body.append(notice.host);
    notice.box.hidden = false;
    notice.text.textContent = message;
  }

  // Each event comes twice, as responseError and then as response-error: who listens to either is heard.
  function heed(event) {
    if (event.defaultPrevented && event.detail.xhr) handled.add(event.detail.xhr);
  }
  // An app may have HTMX show the answer in the page although it is an error.
  document.addEventListener("htmx:before-swap", (event) => {
    if (event.detail.shouldSwap) handled.add(event.detail.xhr);
  });
  for (const name of ["responseError", "sendError", "swapError", "historyCacheMissLoadError"]) {
    document.addEventListener(`htmx:${name}`, heed);
    document.addEventListener(`htmx:${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, tell);
  }
  document.addEventListener("htmx:timeout", tell);
  // What was dismissed, or is out of date, goes with the next answer that is right.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && notice) notice.box.hidden = true;
  });
})();
