"""Where clips come from: people's own copies of published material, read with every fault named."""
