"""The methods, as functions of arrays and tensors; nothing here knows a widget."""
