"""What a training will take, before anything loads: steps, lengths, memory, time, calls of a judge."""
