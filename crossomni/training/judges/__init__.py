"""Who judges a model's thinking in training: a chat model, or playhouse's own truth."""
