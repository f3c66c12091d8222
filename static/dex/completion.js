// Fields that complete names (Select2): what they are called, where the focus goes, filters that apply themselves.
(() => {
  const $ = django.jQuery;

  const labelOf = (select) => {
    const label = select.labels[0];
    return label ? label.textContent.trim() : "";
  };

  $(() => {
    for (const select of document.querySelectorAll("select.dex-completion")) {
      const box = $(select).data("select2")?.$selection[0];
      if (!box) continue;
      const chosen = select.multiple ? "" : select.selectedOptions[0]?.text; // several are a list
      box.removeAttribute("aria-labelledby");
      box.setAttribute("aria-label", [labelOf(select), chosen].filter(Boolean).join(": "));
      const search = box.querySelector(".select2-search__field"); // of several names
      if (search) search.setAttribute("aria-label", labelOf(select));
    }
  });

  $(document).on("select2:open", "select.dex-completion", (event) => {
    const search = document.querySelector(".select2-container--open .select2-search__field");
    if (!search) return;
    search.setAttribute("aria-label", labelOf(event.target));
    search.focus();
  });

  $(document).on("change", "select[data-dex-submit]", (event) => {
    const select = event.target;
    const form = select.form;
    select.disabled = !select.value; // nothing chosen: no parameter
    form.requestSubmit();
  });
})();
