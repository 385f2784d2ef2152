"""A person with a browser that knows no JavaScript: signs in, opens pages, fills in forms and sends them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class Form:
    """A form of a page with the values it would send."""

    action: str
    values: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, **answers: str) -> list[tuple[str, str]]:
        """The values with these answers put in; an answer that the form has no field for is added."""
        kept = [(name, answers.get(name, value)) for name, value in self.values]
        return kept + [(name, value) for name, value in answers.items() if name not in dict(self.values)]


def _is_sent(given: dict[str, str]) -> bool:
    if given.get("type") in ("checkbox", "radio"):
        return "checked" in given
    return given.get("type") not in ("submit", "button")


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self._open: Form | None = None
        self._area = self._select = ""
        self._chosen: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("action", ""))
            self.forms.append(self._open)
            self.by_id[given.get("id", "")] = self._open
        elif tag == "textarea":
            self._area = given.get("name", "")
            self._add(given, "")
        elif tag == "select":
            self._select, self._chosen = given.get("name", ""), None
            self._add(given, "")
        elif tag == "option" and self._select:
            if self._chosen is None or "selected" in given:
                self._chosen = given.get("value", "")
                self._replace(self._select, self._chosen)
        elif tag == "input" and _is_sent(given):
            self._add(given, given.get("value", "on"))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._replace(self._area, data.strip())

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""

    def _add(self, given: dict[str, str], value: str) -> None:
        form = self.by_id.get(given.get("form", "")) if given.get("form") else self._open
        if form is not None and given.get("name") and "disabled" not in given:
            form.values.append((given["name"], value))

    def _replace(self, name: str, value: str) -> None:
        for form in self.forms:
            for place in range(len(form.values) - 1, -1, -1):
                if form.values[place][0] == name:
                    form.values[place] = (name, value)
                    return


class Visitor:
    """Somebody at the pages of a running system."""

    def __init__(self, url: str, sign_in_link: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=30)
        answer = self.http.get(sign_in_link)
        for form in self.forms(answer.text):
            if "/sign-in/" in form.action or not form.action:
                self.send(form, at=str(answer.url))

    def open(self, path: str) -> str:
        """The page at this address; anything but 200 fails the test."""
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    @staticmethod
    def forms(page: str) -> list[Form]:
        """The forms of a page."""
        parser = _Forms()
        parser.feed(page)
        return parser.forms

    def form(self, page: str, action_ends: str) -> Form:
        """The form whose action ends so."""
        found = [form for form in self.forms(page) if form.action.split("?")[0].endswith(action_ends)]
        assert found, [form.action for form in self.forms(page)]
        return found[0]

    def send(self, form: Form, at: str = "", **answers: str) -> httpx.Response:
        """Send a form as a browser does, following the redirect."""
        values = form.filled(**answers)
        data: dict[str, list[str]] = {}
        for name, value in values:
            data.setdefault(name, []).append(value)
        target = form.action or at
        return self.http.post(target, data=data, headers={"Referer": str(self.http.base_url)})
