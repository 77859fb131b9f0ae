"""Other benchmarks (Table 10): Daily-Omni, WorldSense and AVUT, read as they are published, as rows of a corpus."""
