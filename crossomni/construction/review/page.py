"""The page that reviewers label on: a clip with its sound, what is to be judged, a button a choice (Gradio)."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossomni.construction.review.desk import ALL, Desk, Wish, key_of
from crossomni.construction.review.items import ReviewFolder, ReviewItem
from crossomni.construction.review.labels import reviewer_name
from crossomni.optional import need
from crossomni.serving import QUIET, Told, listening, run, theme

_PURPOSE = "the review page"
_HERE = Path(__file__).parent / "templates"
_Page = list[Any]


def serve(folder: ReviewFolder, *, media: Path, host: str, port: int, tell: Callable[[str], None]) -> None:
    """Serve the page until the process is told to stop; ``tell`` gets its address once it can be reached.

    Raises:
        InputError: when the address cannot be had.
        MissingPackageError: when gradio is not installed.
    """
    with listening(host, port) as at:
        run(application(folder, media), at, tell, _PURPOSE)


def application(folder: ReviewFolder, media: Path) -> Any:
    """The ASGI application: the page at ``/``, and the files of the review's own clips, and no others, below it."""
    gradio, fastapi = need("gradio", _PURPOSE), need("fastapi", _PURPOSE)
    responses = need("fastapi.responses", _PURPOSE)
    desk = Desk(folder)
    files = {item.clip_id: media / item.video for item in desk.items.values()}
    app = fastapi.FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    def clip(clip_id: str) -> Any:
        if clip_id not in files or not files[clip_id].is_file():
            raise fastapi.HTTPException(404, "no such clip in this review")
        return responses.FileResponse(files[clip_id])

    app.add_api_route("/clip/{clip_id}", clip, methods=["GET"], response_model=None)
    return gradio.mount_gradio_app(
        app,
        _blocks(gradio, desk),
        path="/",
        theme=theme(gradio),
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
        head=f"<script>{(_HERE / 'page.js').read_text(encoding='utf-8')}</script>",
        footer_links=[],
        show_error=False,
    )


def _blocks(gradio: Any, desk: Desk) -> Any:
    """The page's parts and what happens when they are used."""
    with gradio.Blocks(title="CrossOmni review", analytics_enabled=False) as blocks:
        remembered = gradio.BrowserState("", storage_key="crossomni-reviewer", secret="crossomni")
        with gradio.Column(elem_id="who") as door:
            gradio.HTML("<h1>Review</h1><p>Your labels are kept under this name.</p>")
            name = gradio.Textbox(label="Your name", elem_id="name", max_lines=1)
            enter = gradio.Button("Begin", variant="primary", elem_id="enter")
        with gradio.Column(visible=False, elem_id="desk") as room:
            progress = gradio.HTML(elem_id="progress")
            with gradio.Row(elem_id="wishes"):
                kind = gradio.Dropdown([ALL, *desk.kinds], value=ALL, label="Show", elem_id="kind", container=False)
                alone = gradio.Checkbox(label="Leave out what others have labelled", elem_id="alone", container=False)
                leave = gradio.Button("Another reviewer", size="sm", elem_id="leave")
            # In the page and not on the server: a second click before the answer is about the same item. page.css
            # hides it; visible="hidden" ends with the first update.
            current = gradio.Textbox(elem_id="current", container=False)
            with gradio.Row(elem_id="work"):
                with gradio.Column(scale=3):
                    film = gradio.HTML(elem_id="film")
                with gradio.Column(scale=2):
                    task = gradio.HTML(elem_id="task")
                    buttons = [
                        gradio.Button("", elem_id=f"choice-{place}", elem_classes="choice", visible=False)
                        for place in range(desk.most_choices)
                    ]
                    with gradio.Row():
                        back = gradio.Button("← Back", size="sm", elem_id="back")
                        ahead = gradio.Button("Next →", size="sm", elem_id="next")
            gradio.HTML(_KEYS_TOLD)

        view = _View(gradio, desk)
        shown = [door, room, progress, current, film, task, *buttons, back, ahead]
        asked, options = [name, current, kind, alone], QUIET

        entering = {"inputs": asked, "outputs": [remembered, name, *shown], **options}
        enter.click(view.enter, **entering)
        name.submit(view.enter, **entering)
        coming = {"inputs": [remembered, current, kind, alone], "outputs": entering["outputs"], **options}
        blocks.load(view.come_back, **coming)
        leave.click(view.leave, inputs=[], outputs=[remembered, name, *shown], **options)
        for place, button in enumerate(buttons):
            button.click(view.label(place), inputs=asked, outputs=shown, **options)
        back.click(view.step(-1), inputs=asked, outputs=shown, **options)
        ahead.click(view.step(+1), inputs=asked, outputs=shown, **options)
        kind.input(view.again, inputs=asked, outputs=shown, **options)
        alone.input(view.again, inputs=asked, outputs=shown, **options)
    return blocks


_KEYS_TOLD = (
    '<p class="keys">Keys: <kbd>1</kbd>…<kbd>9</kbd>, <kbd>a</kbd>… a choice · <kbd>0</kbd> cannot tell · '
    "<kbd>←</kbd> <kbd>→</kbd> back and next · <kbd>space</kbd> play or pause. "
    "Every label is saved at once; go back to change it.</p>"
)


class _View:
    """From what a reviewer did to what the page shows then."""

    def __init__(self, gradio: Any, desk: Desk) -> None:
        self._gradio, self._desk = gradio, desk

    def enter(self, name: str, _current: str, kind: str, alone: bool) -> _Page:
        """The first item without a label of this reviewer."""
        with self._errors():
            reviewer = reviewer_name(name)
            start = self._desk.open_item(reviewer, Wish(kind=kind, alone=alone))
            return [reviewer, reviewer, *self._page(reviewer, start, "", Wish(kind=kind, alone=alone))]

    def come_back(self, remembered: str, current: str, kind: str, alone: bool) -> Any:
        """Enter under the name that the browser keeps, where it keeps one."""
        return self.enter(remembered, current, kind, alone) if remembered else self._gradio.skip()

    def leave(self) -> _Page:
        """Ask for a name again."""
        page = [self._gradio.update(visible=True), self._gradio.update(visible=False)]
        return ["", "", *page, "", "", "", "", *[self._gradio.update(visible=False)] * self._desk.most_choices,
                self._gradio.skip(), self._gradio.skip()]  # fmt: skip

    def label(self, place: int) -> Callable[..., _Page]:
        """Save the choice at this place, and show what comes next."""

        def labelled(name: str, current: str, kind: str, alone: bool) -> _Page:
            with self._errors():
                wish = Wish(kind=kind, alone=alone)
                self._desk.label(name, current, place)
                return self._page(name, self._desk.open_item(name, wish, current), current, wish)

        return labelled

    def step(self, by: int) -> Callable[..., _Page]:
        """Show the item before or behind, whether it has a label or not."""

        def stepped(name: str, current: str, kind: str, alone: bool) -> _Page:
            with self._errors():
                wish = Wish(kind=kind, alone=alone)
                there = self._desk.beside(current, by, wish) if current else self._desk.last_labelled(name, wish)
                return self._page(name, there, current, wish)

        return stepped

    def again(self, name: str, current: str, kind: str, alone: bool) -> _Page:
        """The first open item of another wish."""
        with self._errors():
            wish = Wish(kind=kind, alone=alone)
            return self._page(name, self._desk.open_item(name, wish), current, wish)

    def _page(self, name: str, item_id: str, before: str, wish: Wish) -> _Page:
        """What all parts show for an item; empty for the end of the work."""
        update = self._gradio.update
        counts = self._desk.progress(name)
        page = [update(visible=False), update(visible=True), progress_html(name, counts), item_id]
        if not item_id:
            buttons = [update(visible=False)] * self._desk.most_choices
            can_go_back = bool(self._desk.last_labelled(name, wish))
            return [*page, "", _END, *buttons, update(interactive=can_go_back), update(interactive=False)]
        item = self._desk.items[item_id]
        same = before in self._desk.items and self._desk.items[before].clip_id == item.clip_id
        film = self._gradio.skip() if same else film_html(item)
        buttons = self._buttons(item, self._desk.said(name, item_id))
        ends = [self._desk.beside(item_id, by, wish) != item_id for by in (-1, +1)]
        return [*page, film, item_html(item), *buttons, *(update(interactive=more) for more in ends)]

    def _buttons(self, item: ReviewItem, said: str) -> _Page:
        shown = [
            self._gradio.update(
                visible=True,
                value=f"{key_of(item, place)}   {choice}",
                variant="primary" if choice == said else "secondary",
            )
            for place, choice in enumerate(item.choices)
        ]
        return shown + [self._gradio.update(visible=False)] * (self._desk.most_choices - len(shown))

    def _errors(self) -> Any:
        return Told(self._gradio)


_END = '<div class="end"><h2>Nothing is left to label here.</h2><p>Go back to change a label, or show others.</p></div>'


def film_html(item: ReviewItem) -> str:
    """The player of an item's clip."""
    return (
        f'<video controls playsinline preload="auto" src="/clip/{html.escape(item.clip_id)}"></video>'
        f'<p class="clip">{html.escape(item.clip_id)}</p>'
    )


def item_html(item: ReviewItem) -> str:
    """What is asked, of whom, and the claim; all of it as text, whatever it holds."""
    claim = f'<div class="claim">{html.escape(item.claim)}</div>' if item.claim else ""
    return (
        f'<p class="subject">{html.escape(item.subject)}</p><div class="about">{html.escape(item.about)}</div>{claim}'
        f'<p class="asks">{html.escape(item.asks)}</p>'
    )


def progress_html(name: str, counts: Any) -> str:
    """How far a reviewer has come, a bar a kind."""
    bars = "".join(
        f'<div class="bar"><span>{one.kind}</span><progress max="{one.items}" value="{one.done}"></progress>'
        f'<span class="count">{one.done} of {one.items}</span></div>'
        for one in counts
    )
    return f'<div class="progress"><strong>{html.escape(name)}</strong>{bars}</div>'
