// SPDX-License-Identifier: Apache-2.0
(function () {
  "use strict";
  var details = document.querySelector("#index details");
  var input = document.getElementById("filter");
  var chapters = document.querySelectorAll("#index .chapters > li");
  if (window.matchMedia("(max-width: 56rem)").matches) details.open = false;
  input.parentNode.hidden = false;
  function show(item, wanted) {
    var shown = item.textContent.toLowerCase().indexOf(wanted) >= 0;
    item.hidden = !shown;
    return shown;
  }
  input.addEventListener("input", function () {
    var wanted = input.value.trim().toLowerCase();
    chapters.forEach(function (chapter) {
      var shown = 0;
      chapter.querySelectorAll("li").forEach(function (item) { shown += show(item, wanted); });
      chapter.hidden = wanted !== "" && shown === 0;
    });
  });
  input.addEventListener("keydown", function (event) {
    var first = event.key === "Enter" && document.querySelector("#index li:not([hidden]) li:not([hidden]) a");
    if (first) { event.preventDefault(); location.hash = first.getAttribute("href"); }
    if (event.key === "Escape") { input.value = ""; input.dispatchEvent(new Event("input")); input.blur(); }
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || document.activeElement === input) return;
    event.preventDefault();
    details.open = true;
    input.focus();
  });
}());
