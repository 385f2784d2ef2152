"""Nobody waits for what a process can load before it answers."""

from django.template.loader import get_template

from soc.web.loading import load_pages


def test_every_page_is_loaded_and_a_broken_one_breaks_no_other(settings, tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.html").write_text("{% nothing %}")
    (tmp_path / "templates" / "b.html").write_text("sound")
    settings.BASE_DIR = tmp_path
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path / "templates"]}]
    load_pages()
    (tmp_path / "templates" / "b.html").write_text("changed")
    assert get_template("b.html").render() == "sound"
