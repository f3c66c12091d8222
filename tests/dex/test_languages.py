"""Every text of the console can be said in another language, and is said in German."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from django.contrib import admin
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import trans_real

from apps.accounts.models import Account
from apps.collectors.choices import Level, Preset
from apps.collectors.services import configuration
from apps.events import upkeep
from apps.organization.models import Entity
from dex import paths
from dex.operations import languages
from tests.conftest import NOW
from tests.end_to_end import look
from tests.factories.accounts import make_account
from tests.factories.collectors import ask_for_more
from tests.factories.fleet import make_fleet

GERMAN = languages.LOCALE / "de" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?\w+[^>]*>")
ACCENTS = str.maketrans("aceinorsuyACDEINORSUYZ", "åçéîñöřšüýÅÇÐÉÎÑÖŘŠÜÝŽ")
PLAIN = re.compile("[aceinorsuyACDEINORSUYZ]")  # what ACCENTS replaces
OPEN, CLOSE = "⟦", "⟧"


# --- The catalogue --------------------------------------------------------------------------------


@cache
def german() -> Catalog:
    return languages.read(GERMAN)


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def keys(catalog: Catalog) -> set[tuple[Any, Any]]:
    return {(text.context, text.id) for text in catalog if text.id}


class TestGerman:
    def test_has_every_text_of_the_code(self) -> None:
        found = languages.found_texts(paths.CODE)

        missing = keys(found) - keys(german())
        assert missing == set(), "run `make messages`, then translate what is new"

    def test_lacks_nothing_and_guesses_nothing(self) -> None:
        poor = [text.id for text in german() if not all(languages.strings(text)) or text.fuzzy]

        assert poor == []

    def test_has_two_forms_of_each_plural(self) -> None:
        odd = [t.id for t in german() if t.pluralizable and len(languages.strings(t)) != 2]

        assert odd == []

    def test_keeps_placeholders_and_tags(self) -> None:
        broken = [text.id for text in german() if text.id and not keeps_placeholders(text)]

        assert broken == []


def keeps_placeholders(text: Message) -> bool:
    """Return whether each form holds what the English one holds."""
    english = [text.id] if isinstance(text.id, str) else list(text.id)
    return [placeholders(form) for form in english] == [
        placeholders(form) for form in languages.strings(text)
    ]


class TestCompileStale:
    @pytest.fixture
    def locale(self, tmp_path: Path) -> Path:
        source = tmp_path / "de" / "LC_MESSAGES" / "django.po"
        source.parent.mkdir(parents=True)
        source.write_bytes(GERMAN.read_bytes())
        return tmp_path

    def test_compiles_once(self, locale: Path) -> None:
        target = locale / "de" / "LC_MESSAGES" / "django.mo"

        assert languages.compile_stale(locale) == [target]
        assert languages.compile_stale(locale) == []
        assert target.stat().st_mode & 0o777 == 0o644

    def test_compiles_again_after_a_change(self, locale: Path) -> None:
        (target,) = languages.compile_stale(locale)
        source = target.with_suffix(".po")
        source.write_text(source.read_text().replace('"Gerät"', '"Apparat"'))

        assert languages.compile_stale(locale) == [target]
        assert b"Apparat" in target.read_bytes()


# --- The pages ------------------------------------------------------------------------------------


def pseudo(text: str) -> str:
    """Return a text as a language that nobody speaks says it: ⟦Ðévîçéš⟧."""
    parts = re.split(f"({PLACEHOLDER.pattern})", text)
    return OPEN + "".join(p if i % 2 else p.translate(ACCENTS) for i, p in enumerate(parts)) + CLOSE


class Pseudo(trans_real.DjangoTranslation):
    """A language in which whatever was wrapped can be told from what was not."""

    def gettext(self, message: str) -> str:
        return pseudo(message.rpartition(trans_real.CONTEXT_SEPARATOR)[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Words(HTMLParser):
    """Collects what a reader sees or hears of a page."""

    SILENT = {"script", "style", "code", "template", "svg"}
    VOID = {"input", "img", "br", "hr", "meta", "link", "path", "source", "col"}
    SPOKEN = {"title", "aria-label", "placeholder", "alt"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.stack: list[bool] = []  # whether an element is silent

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [value for name, value in attrs if name in self.SPOKEN and value]
        if tag == "input" and values.get("type") in {"submit", "button"}:
            self.found.append(values.get("value") or "")
        if tag not in self.VOID:
            is_icon = "material-symbols-outlined" in (values.get("class") or "")
            self.stack.append(tag in self.SILENT or is_icon)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and self.stack:
            self.stack.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.stack) and data.strip():
            self.found.append(data.strip())


def unwrapped(page: str) -> list[str]:
    """Return the pieces of a page that no catalogue could change.

    They stand outside the brackets, or within them without an accent: filled into a text.
    """
    words = Words()
    words.feed(page)
    depth, outside, inside = 0, "", ""
    for letter in "\n".join(words.found):
        depth += (letter == OPEN) - (letter == CLOSE)
        is_outside = not depth and letter != CLOSE
        outside += letter if is_outside else "\n" * (letter == "\n")
        inside += "\n" if is_outside or letter in (OPEN, CLOSE) else letter
    pieces = re.split(r"[\n|]", outside)  # a title is made of parts
    pieces += [plain for text in inside.split("\n") for plain in plain_runs(text)]
    pieces = [" ".join(piece.split()).strip("“”.:") for piece in pieces]
    return [piece for piece in pieces if re.search("[A-Za-z]{2}", piece)]


def plain_runs(text: str) -> list[str]:
    """Return the runs of words that hold a letter which the pseudo-language would accent."""
    marked = " ".join(word if PLAIN.search(word) else "\n" for word in text.split())
    return marked.split("\n")


UNITS = r"[\d.,-]* ?\(?([KMG]iB|ms|[kMG]bit|MHz|Wh|dBm)(/s)?\)?"
CODES = r"[a-z_]+\.[a-z_]+|[0-9a-f]{8}-[0-9a-f-]{27}|maintenance|invalid"
LANGUAGES = r"English|Deutsch|en|de"  # each by its own name, as a reader looks for it
PROTOCOLS = r"RDP|ICA|PCoIP|Blast|SSH|TCP|UDP"
INSTALLERS = r"MSI|APPX|Windows Update|dpkg|RPM|Flatpak|snap|/opt|/usr"
FILES = r"CSV|JSON|HTML"
ZONES = r"UTC|[A-Z]\w+(/[\w+-]+)+"
FLEET = (
    r"ada|cleo|dora|root|Paris|Lyon|(paris|lyon)-\w+-\d+( \(\w{8}\))?|[am]\.\w+@CORP|key( \d)?|SN\d+|S64ANX0T"
    r"|(Dell Inc\.?|LENOVO|HP|QEMU|Framework)?( ?(Latitude|ThinkPad|Z4|Standard|Laptop)[\w ()]*)?"
    r"|S-1-5-[\d-]+|sudo|\d@\d"  # SID, group, session
    r"|firefox|code|python3\.13|soffice\.bin|gnome-shell|thunderbird|Samsung PM9A1|NVMe|nvme0n1"
    r"|LibreOffice|The Document Foundation|Mozilla|Microsoft|Debian Python Team|SIGSEGV|libc\.so\.6"
    r"|Intel .*|DIMM A|LPDDR5|BYD BAT0|Dell U2723QE|MON-4711|ClamAV|nftables|wlp0s20f3|docker0|nvme0n1p\d|ADA-STICK"
    r"|CRITICAL_PROCESS_DIED( 0x000000EF)?|0x000000EF|executions 1800 s|[\d x]+"
    r"|Debian GNU/Linux.*|Ubuntu.*|6\.12.*|Linux|Windows|macOS|ARM64|ext4|vfat|/home|/media/.*|Latitude"
)
SHIPPED = (  # rows that every instance has; administrators rename entities
    r"Organisation|Unclassified|Administrator|All data, all entities\. Held by administrators alone\.?"
)
AUDIT = (  # as it was recorded: kind and name of the object, old and new values
    rf"(user|device|collector|enrolment_key) ({CODES}|key \d)|\{{.*\}}"
    r"|approval (configuration)?|home|(collector_configuration)? ?(instance|entity|device)?"
)
DATA = re.compile(
    rf"({UNITS}|{CODES}|{LANGUAGES}|{PROTOCOLS}|{INSTALLERS}|{FILES}|{ZONES}|{FLEET}|{SHIPPED}|{AUDIT}|dex|(dex · )?\d+|esc)"
    r"( (invalid )?[\d: -]+)?(, \d)?"
)
FORMS = ["accounts_account", "accounts_profile", "organization_entity", "collectors_enrolmentkey"]


def lists() -> Iterator[str]:
    """Yield the list page of each model."""
    for model in admin.site._registry:
        yield f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def details(client: Client) -> Iterator[str]:
    """Yield the page of the first row of each list."""
    for address in lists():
        page = client.get(address).content.decode()
        if found := re.search(rf'href="({address}[^/"]+/change/)[^"]*"', page):
            yield found[1]


def shown(client: Client, addresses: Iterable[str]) -> dict[str, list[str]]:
    """Return what is unwrapped on each page, where anything is."""
    pages = {address: client.get(address).content.decode() for address in addresses}
    found = {
        address: [piece for piece in unwrapped(page) if not DATA.fullmatch(piece)]
        for address, page in pages.items()
    }
    return {address: pieces for address, pieces in found.items() if pieces}


@pytest.fixture
def fleet(db: None, paris: Entity, lyon: Entity, fixed_clock: Any) -> None:
    """Fill every page with something to show."""
    make_fleet(paris, lyon)
    configuration.save_configuration(
        level=Level.ENTITY,
        preset=Preset.CUSTOM,
        values={"username": "hashed"},
        entity=lyon,
        now=NOW,
    )
    ask_for_more(make_account("dora", kind="administrator"))
    call_command("sync_schedule", verbosity=0)
    upkeep.rotate_partitions(now=NOW)
    upkeep.roll_up(now=NOW)


@pytest.fixture
def nobody_speaks(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the pseudo-language in the place of Ada's."""
    speak_german(ada)
    monkeypatch.setitem(vars(trans_real)["_translations"], "de", Pseudo("de"))


def speak_german(account: Account) -> None:
    account.language = "de"
    account.save()


@pytest.mark.usefixtures("nobody_speaks", "fleet")
class TestPseudoLanguage:
    def test_covers_every_list(self, ada_client: Client) -> None:
        assert shown(ada_client, lists()) == {}

    def test_covers_every_row(self, ada_client: Client) -> None:
        addresses = list(details(ada_client))

        assert len(addresses) >= 15
        assert shown(ada_client, addresses) == {}

    def test_covers_forms_and_their_errors(self, ada_client: Client) -> None:
        addresses = [reverse(f"admin:{name}_add") for name in FORMS]

        refused = [ada_client.post(address, {}).content.decode() for address in addresses]

        pieces = [piece for page in refused for piece in unwrapped(page)]
        assert shown(ada_client, addresses) == {}
        assert [piece for piece in pieces if not DATA.fullmatch(piece)] == []

    def test_covers_the_text_of_a_new_key(self, ada_client: Client) -> None:
        address = reverse("admin:collectors_enrolmentkey_add")
        values = {"name": "key 9", "purpose": "fleet", "expires_on": "2026-05-31"}

        page = ada_client.post(address, values).content.decode()

        assert "dex-key-text" in page
        assert [piece for piece in unwrapped(page) if not DATA.fullmatch(piece)] == []

    def test_covers_the_pages_of_their_own(self, ada_client: Client) -> None:
        names = look.names()

        assert shown(ada_client, [page.format(**names) for page in look.PAGES.values()]) == {}

    def test_covers_refusals_and_what_is_not_there(self, ada_client: Client) -> None:
        addresses = ["/admin/audit/inboxevent/add/", "/admin/nothing/", "/admin/password_change/"]

        assert shown(ada_client, addresses) == {}


@pytest.mark.usefixtures("nobody_speaks")
class TestPseudoLanguageOfAnEmptyInstance:
    def test_covers_every_list(self, ada_client: Client) -> None:
        assert shown(ada_client, ["/admin/", *lists()]) == {}

    def test_covers_the_page_of_somebody_without_a_profile(self, cleo: Account) -> None:
        speak_german(cleo)
        client = Client()
        client.force_login(cleo)

        assert shown(client, ["/admin/", "/admin/devices/device/"]) == {}

    def test_covers_the_sign_in(self) -> None:
        client = Client(headers={"accept-language": "de"})

        assert shown(client, ["/admin/login/", "/nothing/"]) == {}

    def test_would_notice_an_unwrapped_text(self) -> None:
        page = f"<p>{pseudo('Devices')}</p><p>Ten devices</p><button title='Go on'>x</button>"

        assert unwrapped(page) == ["Ten devices", "Go on"]

    def test_would_notice_one_within_another(self) -> None:
        page = f"<p>{pseudo('By %(title)s of the day') % {'title': 'last data'}}</p>"

        assert unwrapped(page) == ["last data"]


# --- German ---------------------------------------------------------------------------------------

HEADINGS = [
    ("/admin/devices/device/", "Geräte"),
    ("/admin/users/user/", "Benutzer"),
    ("/admin/binaries/binary/", "Binärdateien"),
    ("/admin/collectors/collector/", "Kollektoren"),
    ("/admin/collectors/enrolmentkey/", "Registrierungsschlüssel"),
    ("/admin/collectors/collectorconfiguration/", "Kollektorkonfigurationen"),
    ("/admin/organization/entity/", "Einheiten"),
    ("/admin/organization/viewdomain/", "Sichtbereiche"),
    ("/admin/accounts/account/", "Konten"),
    ("/admin/accounts/profile/", "Profile"),
    ("/admin/audit/inboxevent/", "Protokoll"),
    ("/admin/events/upkeeprun/", "Pflegeläufe"),
]


def heading(page: str) -> str:
    """Return the words of the first heading."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    words = Words()
    words.feed(found[1] if found else "")
    return " ".join(words.found)


@pytest.mark.django_db
class TestGermanPages:
    @pytest.mark.parametrize(("address", "words"), HEADINGS)
    def test_have_german_headings(
        self, ada: Account, ada_client: Client, address: str, words: str
    ) -> None:
        speak_german(ada)

        response = ada_client.get(address)

        page = response.content.decode()
        assert response.status_code == 200
        assert words in heading(page)
        assert '<html lang="de"' in page
        assert response["Content-Language"] == "de"

    @pytest.mark.usefixtures("fleet")
    def test_open_for_every_row(self, ada: Account, ada_client: Client) -> None:
        speak_german(ada)
        names = look.names()
        pages = [page.format(**names) for page in look.PAGES.values()]

        answers = {page: ada_client.get(page).status_code for page in pages}

        assert {page for page, status in answers.items() if status != 200} == set()


@pytest.mark.django_db
class TestTheLanguage:
    def test_is_the_browsers_before_signing_in(self, client: Client) -> None:
        german = client.get("/admin/login/", headers={"accept-language": "de-AT,de;q=0.9"})
        french = client.get("/admin/login/", headers={"accept-language": "fr"})

        assert "Anmelden" in german.content.decode()
        assert "Log in" in french.content.decode()

    def test_is_the_accounts_whatever_the_browser_says(
        self, ada: Account, ada_client: Client
    ) -> None:
        speak_german(ada)

        page = ada_client.get("/admin/", headers={"accept-language": "en"}).content.decode()

        assert "Übersicht" in page

    @pytest.mark.usefixtures("fixed_clock")
    def test_is_chosen_in_the_menu_and_kept(
        self, ada: Account, ada_client: Client, client_for: Callable[[Account], Client]
    ) -> None:
        answer = ada_client.post("/i18n/setlang/", {"language": "de", "next": "/admin/"})

        ada.refresh_from_db()
        assert answer.status_code == 302
        assert ada.language == "de"
        assert "Übersicht" in client_for(ada).get("/admin/").content.decode()

    def test_is_not_one_that_the_console_does_not_speak(
        self, ada: Account, ada_client: Client
    ) -> None:
        ada_client.post("/i18n/setlang/", {"language": "fr", "next": "/admin/"})

        ada.refresh_from_db()
        assert ada.language == ""

    def test_of_a_stranger_is_kept_in_the_browser(self, client: Client) -> None:
        client.post("/i18n/setlang/", {"language": "de", "next": "/admin/login/"})

        assert "Anmelden" in client.get("/admin/login/").content.decode()

    def test_is_that_of_the_client_in_problem_documents(self, client: Client) -> None:
        german = client.get("/collector/v1/check-in", headers={"accept-language": "de"})
        english = client.get("/collector/v1/check-in")

        assert german.json()["code"] == english.json()["code"]
        assert german.json()["title"] != english.json()["title"]
