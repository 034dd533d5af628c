import HTTPCore
import Testing

@Suite struct HostTests {
  @Test(
    arguments: [
      "a", "example.com", "example.com:80", "127.0.0.1:8080", "a-b_c~d.e", "a:", "a:0", "a:65535", "a:00080",
      "[::]", "[::1]", "[::1]:80", "[2001:db8::1]", "[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:1.2.3.4]",
      "[::ffff:1.2.3.4]", "[1::]", "[1:2:3:4:5:6:7::]", "[::2:3:4:5:6:7:8]", "[AbCd::]", "%41.b",
      "a!$&'()*+,;=b",
    ])
  func `a host with an optional port is taken`(host: String) {
    #expect(accepted("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").line[6] == host)
    #expect(accepted("GET / HTTP/1.1\r\nhOST:\t \(host) \t\r\n\r\n").line[6] == host)
  }

  @Test func `a malformed host is refused where it goes wrong`() {
    let cases = [
      "‸:80", "a:‸b", "a:6553‸6", "a:9999‸9", "a ‸b", "a‸@b", "a‸/b", "a‸?b", "a‸#b", "a‸\\b", "a‸\"", "a‸<b",
      "a‸[::1]",
      "a%‸g", "a%4‸z", "[‸]", "[:‸]", "[::1‸g]", "[1:2:3:4:5:6:7‸]", "[1:2:3:4:5:6:7:8:9‸]", "[::1::‸]",
      "[1:2:3:4:5:6:7:8::‸]", "[12345‸]", "[::1.2.3‸]", "[::1.2.3.256‸]", "[::01.2.3.4‸]", "[::1.2.3.4.5‸]",
      "[‸v1.a]", "[fe80::1‸%25eth0]", "[::1]‸a", "[::1]:‸b", "[:::‸]", "[1:‸]", "[:1‸]", "[1.2.3.4‸]",
      "[1:2:3:4:5:6:7:1.2.3.4‸]", "[::1:2:3:4:5:6:7:8‸]", "[::‸ 1]",
    ]
    for text in cases {
      refused("GET / HTTP/1.1\r\nHost: \(text)\r\n\r\n", .malformedHost)
    }
    refused("GET / HTTP/1.1\r\nHost: [::1‸\r\n\r\n", .malformedHost)
    refused("GET / HTTP/1.1\r\nHost: a%4‸\r\n\r\n", .malformedHost)
    refused("GET / HTTP/1.1\r\nHost: ‸é\r\n\r\n", .malformedHost)
    refused("GET / HTTP/1.1\r\nHost: a‸\n\r\n", .malformedHost)
  }

  @Test func `HTTP 1.1 needs exactly one Host`() {
    refused("GET / HTTP/1.1\r\n\r‸\n", .missingHost)
    refused("GET / HTTP/1.1\r\nX-Host: a\r\n\r‸\n", .missingHost)
    refused("GET / HTTP/1.1\r\nHost: a\r\nHost‸: a\r\n\r\n", .repeatedHost)
    refused("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhoST‸: b\r\n\r\n", .repeatedHost)
    refused("GET http://a/ HTTP/1.1\r\n\r‸\n", .missingHost)
    refused("GET / HTTP/1.0\r\nHost: a\r\nHost‸: a\r\n\r\n", .repeatedHost)
  }

  @Test func `HTTP 1.0 needs no Host`() {
    #expect(accepted("GET / HTTP/1.0\r\n\r\n").line[6] == "")
    #expect(accepted("GET / HTTP/1.0\r\nHost:\r\n\r\n").line[6] == "")
    refused("GET / HTTP/1.0\r\nHost: a‸@\r\n\r\n", .malformedHost)
  }

  @Test func `an empty Host is taken only where the target names a host or none is needed`() {
    refused("GET / HTTP/1.1\r\nHost:‸\r\n\r\n", .malformedHost)
    refused("GET / HTTP/1.1\r\nHost: \t‸\r\n\r\n", .malformedHost)
    #expect(accepted("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n").line[6] == "a")
    #expect(accepted("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n").line[6] == "")
    refused("GET http://a/ HTTP/1.1\r\nHost: ‸:80\r\n\r\n", .malformedHost)
  }
}
