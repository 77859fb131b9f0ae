"""The site, as Sphinx builds it from what docs/making lays out."""

from crossomni import __version__

project = "CrossOmni"
author = "The CrossOmni maintainers"
copyright = "The CrossOmni maintainers, Apache-2.0"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "index"
exclude_patterns = ["files"]

# Pages. Options begin with two hyphens, which would become a dash.
smartquotes = False
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Notebooks have run before (docs/making/notebooks.py).
nb_execution_mode = "off"
nb_output_stderr = "remove"  # progress bars

# The reference: docstrings of Google's form, types in the signatures.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
add_module_names = False
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "CrossOmni"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": True}
copybutton_exclude = ".linenos, .gp, .go"
