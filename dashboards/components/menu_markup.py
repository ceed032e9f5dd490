"""The menu that a narrow window shows at the side, mended for those who hear it.

Streamlit puts sections into it as `div` in `ul`, which no list may hold: readers of the screen
count nothing and axe calls it serious. The sections become groups that say their names.
"""

from __future__ import annotations

import streamlit as st

_MEND = """
<script>
if (!window.mhhsMenuMended) {
  window.mhhsMenuMended = true;
  const mend = () => {
    const items = '[data-testid=stSidebarNavItems]';
    document.querySelectorAll(`${items}, ${items} li`)
      .forEach(each => each.setAttribute('role', 'none'));
    document.querySelectorAll(`${items} > div`).forEach(section => {
      section.setAttribute('role', 'group');
      section.setAttribute('aria-label', section.querySelector('header')?.innerText ?? '');
    });
  };
  new MutationObserver(mend).observe(document.body, {childList: true, subtree: true});
  mend();
}
</script>
"""


def mend() -> None:
    """Draw nothing; from now on the menu at the side is groups of links."""
    st.html(_MEND, unsafe_allow_javascript=True)
