"""Where a reply's reasoning failed: at the source, at the bridge or at the target."""
