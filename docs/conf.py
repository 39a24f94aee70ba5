"""How Sphinx builds the site: pages of the folder docs, the reference from docstrings, and the gallery from examples.

`make docs` calls it. No inventory of another project is downloaded, so that a build needs no network.
"""

import inspect
import os
import re
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import sklearn_recurrent

ROOT = Path(__file__).parents[1]

project = "sklearn_recurrent"
author = "the sklearn_recurrent developers"
version = release = sklearn_recurrent.__version__
copyright = "the sklearn_recurrent developers, BSD-3-Clause"  # the name that Sphinx reads

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
root_doc = "index"
exclude_patterns = ["README.md", "_build", "auto_examples/**/*.ipynb", "auto_examples/**/*.py"]
templates_path = ["_templates"]
default_role = "py:obj"  # names in docstrings: those of the reference become links

# --- pages ------------------------------------------------------------------------------------------------------------

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]

PLACES = {
    "../benchmarks/README.md": "benchmarks.md",
    "benchmarks/README.md": "benchmarks.md",
    "../docs/": "",
    "docs/": "",
    "CHANGELOG.md": "changelog.md",
}
"""Where pages of the repository stand in the site."""


def in_the_site(app, name, source):
    """Let the links of a page, written for readers of the repository, lead to pages of the site."""
    for written, there in PLACES.items():
        source[0] = source[0].replace(f"]({written}", f"]({there}")
    source[0] = re.sub(r"\]\((?:\.\./)?examples/([\w/]+)\.py\)", r"](auto_examples/\1.rst)", source[0])
    # Other scripts of the repository are no part of the site.
    source[0] = re.sub(r"\[(`?[\w/]+\.py`?)\]\([\w/.]+\.py\)", r"\1", source[0])


def included_in_the_site(app, path, parent, content):
    """The same in a page that another includes."""
    in_the_site(app, parent, content)


# --- reference --------------------------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's text has the types
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False  # the template of a class lists them
numpydoc_xref_param_type = False

FROM_SCIKIT_LEARN = ("get_metadata_routing", "get_params", "set_params", "set_output", "set_callbacks")
"""Methods that scikit-learn documents: the template of a class names them, and says no more."""

autosummary_context = {"from_scikit_learn": FROM_SCIKIT_LEARN}


def signature_of_parameters(app, what, name, thing, options, signature, returns):
    """The signature of a class, which is that of `__init__`: Sphinx would take that of `__new__`, which only checks."""
    if what != "class" or not hasattr(thing, "_parameters"):
        return None
    parameters = [p.replace(annotation=p.empty) for p in inspect.signature(thing).parameters.values()]
    return str(inspect.Signature(parameters)), None


def without_targets(app, what, name, thing, options, lines):
    """Let ``n_features_in_`` in a shape be a name, where reStructuredText would see the name of a link."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[number] = re.sub(r"(?<![\w`.])(\w*[a-z])_(?=[,)\s]|$)", r"\1\\_", line)


# --- gallery ----------------------------------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "backreferences_dir": "generated/used_in",
    "doc_module": ("sklearn_recurrent",),
    "within_subsection_order": "ExampleTitleSortKey",
    "min_reported_time": 0,
    "matplotlib_animations": False,
    "thumbnail_size": (400, 280),
    "reset_modules": ("matplotlib",),
    "write_computation_times": False,
}

# --- pages in HTML ----------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "sklearn_recurrent"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
    "show_nav_level": 1,
    "header_links_before_dropdown": 5,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_context = {"default_mode": "auto"}  # without it the theme complains on the console
html_sidebars = {page: [] for page in ("index", "changelog", "benchmarks", "comparison")}


def setup(app):
    """Called by Sphinx."""
    app.connect("source-read", in_the_site)
    app.connect("include-read", included_in_the_site)
    app.connect("autodoc-process-signature", signature_of_parameters)
    app.connect("autodoc-process-docstring", without_targets, priority=900)
