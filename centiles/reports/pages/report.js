"use strict";
(function () {
  var table = document.getElementById("list");
  if (!table) return;
  var form = document.getElementById("filters"), shown = document.getElementById("shown");
  var bodies = Array.prototype.slice.call(table.tBodies), search = document.getElementById("search");
  var selects = Array.prototype.slice.call(form.querySelectorAll("select"));
  var levels = ["urgent", "act", "watch", "info"], of = shown.textContent;
  var all = bodies.map(function (body, place) {
    var cells = body.rows[0].cells, data = body.dataset;
    return {
      body: body, b: [data.b], l: [data.l], r: data.r.split(" "), s: data.s.split(" "),
      t: (data.t || "").split(" "), details: body.querySelector("details"),
      text: (cells[2].textContent + " " + (body.querySelector("summary") || body.rows[1]).textContent + " " + data.r).toLowerCase(),
      by: { n: place, l: levels.indexOf(data.l), c: cells[2].textContent, v: data.v || "9999", m: data.m }
    };
  });
  function fits(child, words) {
    return words.every(function (word) { return child.text.indexOf(word) >= 0; }) &&
      selects.every(function (select) { return !select.value || child[select.dataset.key].indexOf(select.value) >= 0; });
  }
  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean), count = 0;
    all.forEach(function (child) {
      var fit = fits(child, words);
      if (child.body.hidden === fit) child.body.hidden = !fit;
      count += fit;
    });
    shown.textContent = count === all.length ? of : count.toLocaleString("en-GB") + " of " + of;
  }
  var collator = new Intl.Collator("en-GB", { numeric: true });
  function compare(a, b) {
    return typeof a === "number" ? a - b : collator.compare(a, b);
  }
  function sort(head) {
    var key = head.dataset.by, back = head.getAttribute("aria-sort") === "ascending";
    Array.prototype.forEach.call(table.tHead.querySelectorAll("[data-by]"), function (each) { each.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", back ? "descending" : "ascending");
    var order = all.slice().sort(function (a, b) {
      return (back ? -1 : 1) * compare(a.by[key], b.by[key]) || a.by.n - b.by.n;
    });
    var sorted = document.createDocumentFragment();
    order.forEach(function (child) { sorted.appendChild(child.body); });
    table.appendChild(sorted);
  }
  function each(open) {
    all.forEach(function (child) { if (!child.body.hidden && child.details) child.details.open = open; });
  }
  Array.prototype.forEach.call(table.tHead.querySelectorAll("[data-by]"), function (head) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () { sort(head); });
  });
  var timer;
  search.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(filter, 120); });
  form.addEventListener("change", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); filter(); });
  form.addEventListener("reset", function () { setTimeout(filter); });
  [["open", true], ["close", false]].forEach(function (pair) {
    var button = document.getElementById(pair[0]);
    button.hidden = !all[0].details;
    button.addEventListener("click", function () { each(pair[1]); });
  });
  table.addEventListener("click", function (event) {
    if (!event.target.classList.contains("print")) return;
    var body = event.target.closest("tbody[data-l]");
    Array.prototype.forEach.call(body.querySelectorAll("details"), function (each) { each.open = true; });
    body.classList.add("one");
    document.body.classList.add("one");
    window.print();
    document.body.classList.remove("one");
    body.classList.remove("one");
  });
  table.addEventListener("toggle", function (event) {
    var panel = event.target.querySelector(":scope > .panel");
    if (!panel || panel.querySelector(".print")) return;
    var button = document.createElement("button");
    button.type = "button";
    button.className = "print";
    button.textContent = "Print this child";
    panel.appendChild(button);
  }, true);
  function arrive() {
    var body = document.getElementById(location.hash.slice(1));
    var details = body && body.parentNode === table && body.querySelector("details");
    if (!details) return;
    details.open = true;
    body.scrollIntoView();
  }
  window.addEventListener("hashchange", arrive);
  table.parentNode.classList.add("has");
  form.hidden = false;
  filter();
  arrive();
})();
