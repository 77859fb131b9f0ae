"""What goes to the Hub, and in which form: datasets with their files, results of models, tasks for other harnesses."""
