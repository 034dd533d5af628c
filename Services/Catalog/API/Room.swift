// The first file of this room; see ARCHITECTURE.md.
