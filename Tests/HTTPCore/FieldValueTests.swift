import Bytes
import HTTPCore
import Testing

@Suite struct FieldValueTests {
  @Test func `entity tags are read strictly`() {
    #expect(EntityTag(parsing: "\"a\"") == EntityTag("a"))
    #expect(EntityTag(parsing: "W/\"a\"") == EntityTag("a", isWeak: true))
    #expect(EntityTag(parsing: "\"\"") == EntityTag(""))
    #expect(EntityTag(parsing: "\"a,b\"") == EntityTag("a,b"))
    for text in [
      "", "a", "\"a", "a\"", "w/\"a\"", "W/a", "W", "W/", "\"a b\"", "\"a\"b\"", "*", "\"a\", \"b\"",
      "\"a\",",
    ] {
      #expect(EntityTag(parsing: text) == nil, "\(text)")
    }
    #expect(EntityTag("v1").text == "\"v1\"")
    #expect(EntityTag("v1", isWeak: true).text == "W/\"v1\"")
  }

  @Test func `gzip is wanted by name, or by an asterisk that names the rest, and with a weight`() {
    for text in [
      "gzip", "br, GZip", "x-gzip", "*", "gzip;q=0.001", "deflate;q=1,gzip ; q=1.000", "*;q=0, gzip",
      ",,gzip,",
    ] {
      #expect(AcceptEncoding.wantsGzip(text), "\(text)")
    }
    for text in [
      "", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*, gzip;q=0", "*;q=0", "gzipped", ";q=1", "gz ip",
    ] {
      #expect(!AcceptEncoding.wantsGzip(text), "\(text)")
    }
  }

  @Test func `lists of entity tags are read, and malformed ones told`() {
    #expect(EntityTagCondition("*") == .any)
    #expect(
      EntityTagCondition(" \"a\" ,W/\"b\",, \"c,d\"\t")
        == .tags([
          EntityTag("a"), EntityTag("b", isWeak: true), EntityTag("c,d"),
        ]))
    for text in [
      "", ",", "a", "\"a\" \"b\"", "\"a\"\"b\"", "*, \"a\"", "\"a\", *", "W /\"a\"", "W/ \"a\"", "\"a",
    ] {
      #expect(EntityTagCondition(text) == .malformed, "\(text)")
    }
    let many = String(repeating: "\"a\",", count: 256)
    #expect(EntityTagCondition(many) != .malformed)
    #expect(EntityTagCondition(many + "\"a\"") == .malformed)
  }

  @Test func `If-Match compares strongly and If-None-Match weakly`() {
    let (strong, weak) = (EntityTag("a"), EntityTag("a", isWeak: true))
    let list = EntityTagCondition("\"b\", \"a\"")
    #expect(list.matchesStrongly(strong) && !list.matchesStrongly(weak))
    #expect(list.matchesWeakly(strong) && list.matchesWeakly(weak))
    let weakList = EntityTagCondition("W/\"a\"")
    #expect(!weakList.matchesStrongly(strong) && !weakList.matchesStrongly(weak))
    #expect(weakList.matchesWeakly(strong) && weakList.matchesWeakly(weak))
    #expect(!list.matchesWeakly(EntityTag("c")) && !list.matchesStrongly(EntityTag("c")))
    #expect(EntityTagCondition.any.matchesStrongly(weak) && EntityTagCondition.any.matchesWeakly(strong))
    #expect(!EntityTagCondition.any.matchesStrongly(nil) && !EntityTagCondition.any.matchesWeakly(nil))
    #expect(!list.matchesStrongly(nil) && !list.matchesWeakly(nil))
    #expect(!EntityTagCondition.malformed.matchesStrongly(strong))
  }

  @Test func `media types are read with their parameters`() {
    let type = MediaType("Text/HTML; Charset=\"utf-8\" ;;a=B;q=\"x\\\"y\"")
    #expect(type?.essence == "text/html")
    #expect(type?.parameter("charset") == "utf-8")
    #expect(type?.parameter("a") == "B")
    #expect(type?.parameter("q") == "x\"y")
    #expect(type?.parameter("b") == nil)
    for text in [
      "", "text", "text/", "/html", "text/html/x", "text /html", "text/html;a", "text/html;a=",
      "text/html;=b",
      "text/html;a=\"b", "text/html; a =b", "text/html, text/plain", "text/html a", "text/html;a=\"\\",
    ] {
      #expect(MediaType(text) == nil, "\(text)")
    }
  }

  @Test func `a media type matches whatever its case and parameters, but not another charset`() {
    #expect(MediaType.matches("application/json", "application/json"))
    #expect(MediaType.matches("Application/JSON; charset=UTF-8", "application/json"))
    #expect(MediaType.matches("application/json;v=1", "application/json"))
    #expect(!MediaType.matches("application/json; charset=utf-16", "application/json"))
    #expect(!MediaType.matches("application/jsonx", "application/json"))
    #expect(!MediaType.matches("application/problem+json", "application/json"))
    #expect(!MediaType.matches("application/json; charset", "application/json"))
  }

  @Test(
    arguments: [
      ("bytes=0-0", 0..<1), ("bytes=0-", 0..<10), ("bytes=2-4", 2..<5), ("bytes=9-", 9..<10),
      ("bytes=-3", 7..<10),
      ("bytes=-10", 0..<10), ("bytes=-99", 0..<10), ("bytes=0-99", 0..<10), ("BYTES= 1-2 ", 1..<3),
      ("bytes=5-99999999999999999999999", 5..<10), ("bytes=-99999999999999999999999", 0..<10),
      ("bytes=0-9", 0..<10),
    ] as [(String, Range<UInt64>)])
  func `a range inside the content is satisfiable`(value: String, range: Range<UInt64>) {
    #expect(ByteRange(value, length: 10) == .satisfiable(range))
  }

  @Test func `a range outside the content is unsatisfiable`() {
    for value in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
      #expect(ByteRange(value, length: 10) == .unsatisfiable, "\(value)")
    }
    #expect(ByteRange("bytes=0-", length: 0) == .unsatisfiable)
    #expect(ByteRange("bytes=-5", length: 0) == .unsatisfiable)
  }

  @Test func `what is not one range of bytes is ignored`() {
    for value in [
      "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=4-2", "bytes=0-1,3-4", "lines=0-1",
      "bytes 0-1",
      "bytes=0 -1", "bytes=+1-2", "bytes=0-1x", "bytes=--1", "bytes=99999999999999999999999-1",
    ] {
      #expect(ByteRange(value, length: 10) == .ignored, "\(value)")
    }
  }

  @Test func `cookies are read, and strange ones skipped`() {
    let field = "a=1; b=\"2\";c=;bad;=x; d e=f; g=h i; j=k,l; m=n=o; a=9; q=\"\""
    #expect(
      Cookie.parse(field).map { "\($0.name)=\($0.value)" } == ["a=1", "b=2", "c=", "m=n=o", "a=9", "q="])
    #expect(Cookie.value("a", in: field) == "1")
    #expect(Cookie.value("A", in: field) == nil)
    #expect(Cookie.parse("").isEmpty)
    #expect(Cookie.parse(String(repeating: "a=1;", count: 200)).count == Cookie.maximumPairCount)
  }
}
