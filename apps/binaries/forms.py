"""Forms of binaries."""

from django import forms

from apps.binaries.models import Binary


class CategoryForm(forms.ModelForm):  # type: ignore[type-arg]
    """What administrators say about a program: its category and subcategory."""

    class Meta:
        model = Binary
        fields = ["product_category", "product_subcategory"]
