"""Small readers that recover from decoded frames and sound what is asked: proof that it can be perceived."""
