# make demo and make test set everything up by themselves; Python 3.10 to 3.13 is all they need.
PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
DATA ?= data

# Tests run the commands for Google's cloud with its gcloud, if there is one; they reach no network with it.
export GCLOUD ?= $(shell command -v gcloud)

# Many tests wait for processes of theirs, so there is one more than cores.
TEST_PROCESSES = $(shell $(PYTHON) -c 'import os; print(min(4, os.cpu_count() + 1))')

RUN = $(VENV)/bin/python -m
INSTALLED = $(VENV)/.installed

.PHONY: help demo test test-fast lint docs pics house-team old-tensorflow gsutil clean

help:
	@echo "make demo             train a face GAN on 100 faces, evaluate it, check it, draw it: about 3 minutes"
	@echo "make test             run all tests: about 20 minutes on 2 cores"
	@echo "make test-fast        run the tests that start no processes and train nothing long: about a minute"
	@echo "make lint             check style, format and types"
	@echo "make docs             write the documentation as a site, to site/"
	@echo "make old-tensorflow   install TensorFlow 1.2 and 1.15, for the tests that open snapshots in them"
	@echo "make gsutil           install gsutil, for the test that hands in with it"
	@echo "make pics FACES=run1 [MNIST=digits_run]   draw the pictures of the README from two training runs"
	@echo "make house-team DATA=data   train gan/house_team again: an hour, and another one for its filter, on a quiet machine"
	@echo "make clean            remove the virtual environments and the demo's results"

$(INSTALLED): setup.py
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 10) <= v <= (3, 13) or sys.exit("Python 3.10 to 3.13 is needed, %s is %d.%d; name another: make PYTHON=python3.11" % ((sys.executable,) + v))'
	@echo "installing into $(VENV): some minutes the first time, about 2.5 GB"
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --upgrade pip
	$(RUN) pip install --editable '.[demo,mnist,test]'
	@touch $(INSTALLED)

demo: $(INSTALLED)
	$(RUN) gan.prepare_data --source=faces_sample --output_dir=$(DEMO)/data
	$(RUN) gan.train --flagfile=gan/recipes/faces_30min.flags --train_data_pattern=$(DEMO)/data/train.tfrecords \
		--train_dir=$(DEMO)/run --seed=1 --max_minutes=1.5 --learning_rate_hold=0.5 --batch_size=16 --replay_share=0 \
		--augment=rounding,flip,translation,cutout --augment_target=0.6 \
		--negatives_share=0 --averaging_decay=0.999 --calibration_data_pattern=$(DEMO)/data/validation.tfrecords \
		--export_generated_images --image_dir=$(DEMO)/generated
	$(RUN) gan.eval --eval_data_pattern=$(DEMO)/data/validation.tfrecords --train_dir=$(DEMO)/run --run_once --noquality
	$(RUN) gan.generate_and_discriminate --G_train_dir=$(DEMO)/run --D_train_dir=$(DEMO)/run --seed=1 \
		--input_data_pattern=$(DEMO)/data/test.tfrecords --output_dir=$(DEMO)/half_round
	$(VENV)/bin/python tools/faces_beside.py $(DEMO)/faces.png $(DEMO)/run gan/house_team
	$(RUN) gan.linear_interpolation --train_dir=$(DEMO)/run --output_file=$(DEMO)/interpolation.png --seed=1
	$(RUN) gan.battle --mode=match --snapshots=demo=$(DEMO)/run,house=gan/house_team --arena_dir=$(DEMO)/arena \
		--input_data_pattern='$(DEMO)/data/validation.tfrecords,$(DEMO)/data/test.tfrecords' --seed=2 --event=demo
	@echo
	@echo "Done. To look at, in $(abspath $(DEMO)):"
	@echo "  half_round/overview.png   generated and real faces, and what the discriminator said"
	@echo "  faces.png                 two rows of the demo's faces, and two of the house team's, which saw 11,901 faces for"
	@echo "                            an hour, not 70 for a minute and a half: that is what makes the difference"
	@echo "  generated/                generated faces, from the first step to the last"
	@echo "  interpolation.png         what lies between four faces"
	@echo "Curves: $(RUN) gan.watch --log_dir=$(DEMO)/run"
	@echo "The battle on a screen: $(RUN) gan.scoreboard --arena_dir=$(DEMO)/arena, then http://localhost:8080"

test: $(INSTALLED)
	$(RUN) pytest -m 'not alone' --numprocesses=$(TEST_PROCESSES) --dist=worksteal
	$(RUN) pytest -m alone

test-fast: $(INSTALLED)
	$(RUN) pytest -m 'fast and not alone' --numprocesses=auto --maxprocesses=4 --dist=worksteal

lint: $(INSTALLED)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

docs: $(INSTALLED)
	$(VENV)/bin/python docs/site/build.py site
	@echo "open $(abspath site)/index.html"

old-tensorflow:
	sh tests/install_old_tensorflow.sh

gsutil:
	sh tests/install_gsutil.sh

pics: $(INSTALLED)
	$(VENV)/bin/python pics/make_pics.py --faces_run=$(FACES) $(if $(MNIST),--mnist_run=$(MNIST))

house-team: $(INSTALLED)
	$(RUN) gan.train --flagfile=gan/recipes/faces_60min.flags --train_data_pattern=$(DATA)/train.tfrecords --seed=0 \
		--calibration_data_pattern=$(DATA)/validation.tfrecords --train_dir=house_team_run
	$(VENV)/bin/python tools/train_filter.py --snapshot=house_team_run --train_data_pattern=$(DATA)/train.tfrecords \
		--calibration_data_pattern=$(DATA)/validation.tfrecords --output_dir=house_team_run/filtered
	rm -rf gan/house_team && mkdir gan/house_team
	grep '^model_checkpoint_path' house_team_run/filtered/checkpoint > gan/house_team/checkpoint
	cp house_team_run/filtered/$$(cut -d'"' -f2 gan/house_team/checkpoint).* gan/house_team/

clean:
	rm -rf $(VENV) .old-tensorflow .gsutil $(DEMO) site build dist *.egg-info
