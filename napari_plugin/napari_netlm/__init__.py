"""The viewer: napari readers, layers and widgets."""
