"""How dates are written where Django's own forms could be misread; settings.FORMAT_MODULE_PATH."""
