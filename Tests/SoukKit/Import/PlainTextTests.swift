import Testing

@testable import SoukKit

@Suite struct PlainTextTests {
  @Test(arguments: [
    ("", ""), ("plain words", "plain words"), ("  a \n\t b  ", "a b"), ("<p>One</p><p>Two</p>", "One\n\nTwo"),
    ("<p>One</p>\n\n<p>\n Two </p>\n", "One\n\nTwo"), ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
    ("<ul><li>a</li>\n<li>b</li></ul>c", "a\nb\n\nc"), ("<b>bo</b>ld <i>it</i>", "bold it"),
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ("<h1>T</h1>text", "T\n\ntext"), ("<div>a</div><div>b</div>", "a\nb"),
    ("<br><br>a<br><br><br>b", "a\n\nb"),
  ])
  func `markup is dropped and lines break where elements do`(_ html: String, _ text: String) {
    #expect(PlainText.of(html: html) == text)
  }

  @Test(arguments: [
    ("Salt &amp; pepper", "Salt & pepper"), ("&lt;b&gt;", "<b>"), ("caf&eacute;", "café"),
    ("&#233;&#xe9;&#XE9;", "ééé"),
    ("&euro;5&nbsp;off", "€5 off"), ("&hellip;&mdash;&rsquo;&trade;", "…—’™"), ("&apos;&quot;", "'\""),
    ("&copy 2026", "© 2026"), ("&ampx", "&x"), ("a & b &c; &", "a & b &c; &"), ("&bogus;", "&bogus;"),
    ("&#128;&#x99;", "€™"), ("&#0;&#xD800;&#x110000;&#99999999999;", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
    ("&#;&#x;&#g", "&#;&#x;&#g"), ("&amp;lt;", "&lt;"), ("&notit;", "¬it;"), ("&thetasym;", "ϑ"),
    ("&#x1F600;", "😀"),
  ])
  func `character references are decoded once`(_ html: String, _ text: String) {
    #expect(PlainText.of(html: html) == text)
  }

  @Test(arguments: [
    ("a<script>if (a < b) alert('<p>')</script>b", "ab"), ("<STYLE>p > a {}</style>x", "x"),
    ("a<script>never ends", "a"),
    ("a<!-- <p> -- > b -->c", "ac"), ("a<!-- never ends", "a"), ("<!DOCTYPE html>a<?php b ?>c", "ac"),
    ("<a title=\"a > b\" href='x>y'>c</a>", "c"), ("<p don't>a</p>", "a"), ("a<b", "a"),
    ("<svg><text>no</text></svg>yes", "yes"),
    ("1 < 2 <3 a<", "1 < 2 <3 a<"), ("</>a", "</>a"), ("<img src=x onerror=alert(1)>", ""),
  ])
  func `what nobody should read is dropped, a lone angle bracket stays`(_ html: String, _ text: String) {
    #expect(PlainText.of(html: html) == text)
  }

  @Test func `control characters do not reach the text`() {
    #expect(PlainText.of(html: "a\0b\u{8}c&#7;d\u{7F}e") == "a b c de")
  }

  @Test(arguments: UInt64(1)...100)
  func `any fragment comes out without white space around it`(seed: UInt64) {
    var generator = ImportGenerator(seed: seed)
    let pieces = [
      "<", ">", "</p>", "<p>", "<br>", "&", "&amp;", "&#", "x41;", "\"", "'", "=", "<!--", "-->", "é", " ",
      "a", "<script>",
    ]
    let html = (0..<60).map { _ in pieces.randomElement(using: &generator)! }.joined()
    let text = PlainText.of(html: html)
    #expect(text.trimmed == text, "seed \(seed)")
    #expect(PlainText.of(html: "<p>\(html)") == text, "seed \(seed)")
  }
}
