"""The one script of the server's own pages: it hands options to the browser's authenticator."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape

from clace.interfaces import PasskeyOffer
from clace.web.login.pages import hidden

SCRIPT = """
"use strict";
const form = document.querySelector("form[data-options]");
const problem = document.getElementById("passkey-problem");
const bytes = text => Uint8Array.from(
  atob(text.replace(/-/g, "+").replace(/_/g, "/")), letter => letter.charCodeAt(0));
const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
const named = each => ({...each, id: bytes(each.id)});
const answerOf = async () => {
  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  if (form.dataset.ceremony === "create") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = (options.excludeCredentials || []).map(named);
    const made = await navigator.credentials.create({publicKey: options});
    return {made, response: {attestationObject: text(made.response.attestationObject)}};
  }
  options.allowCredentials = (options.allowCredentials || []).map(named);
  const made = await navigator.credentials.get({publicKey: options});
  return {made, response: {
    authenticatorData: text(made.response.authenticatorData),
    signature: text(made.response.signature)}};
};
form.addEventListener("submit", async event => {
  event.preventDefault();
  problem.hidden = true;
  try {
    const {made, response} = await answerOf();
    response.clientDataJSON = text(made.response.clientDataJSON);
    form.elements.answer.value = JSON.stringify(
      {id: made.id, rawId: text(made.rawId), type: made.type, response});
    form.submit();
  } catch (error) {
    problem.textContent = "The passkey was not used: " + error.message;
    problem.hidden = false;
  }
});
"""
SOURCE = f"'sha256-{b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"
"""The script as a content security policy names it."""


def passkey_form(action: str, offer: PasskeyOffer, ceremony: str, inside: str, button: str) -> str:
    """Return a form, as HTML, whose button asks the authenticator; ``inside`` is HTML too."""
    return (
        f'<form method="post" action="{escape(action)}" data-ceremony="{escape(ceremony)}"'
        f' data-options="{escape(offer.options)}">{inside}'
        f"{hidden('ticket', offer.ticket)}{hidden('answer', '')}"
        f"<button>{escape(button)}</button></form>"
        '<p class="error" id="passkey-problem" role="alert" hidden></p>'
        "<noscript><p>Passkeys need JavaScript, which is off in this browser.</p></noscript>"
        f"<script>{SCRIPT}</script>"
    )
