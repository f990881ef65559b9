// Copies a snippet. The page works without it: the text can be selected, and the button shows only when this runs.
document.addEventListener("click", function (event) {
  var button = event.target.closest("button[data-copy]");
  if (!button) return;
  var text = button.parentElement.querySelector("code").textContent;
  var said = function (word) {
    button.textContent = word;
    setTimeout(function () { button.textContent = "Copy"; }, 1600);
  };
  if (!navigator.clipboard) { said("Select it"); return; }
  navigator.clipboard.writeText(text).then(function () { said("Copied"); }, function () { said("Select it"); });
});
document.documentElement.classList.add("js");
