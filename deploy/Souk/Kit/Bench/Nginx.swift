import Glibc

/// nginx beside the shop: one worker that returns the same bytes, and passes requests on to the same catalog.
final class Nginx {
  let staticPort: UInt16
  let proxyPort: UInt16
  private let pid: pid_t

  /// Starts it with its files in `folder`, on `core` alone.
  ///
  /// - Parameters:
  ///   - answer: what the catalog says; nginx says the same with as many fields.
  ///   - path: what is asked for.
  init(folder: String, core: Int?, path: String, answer: GatewayClient.Answer, catalogPort: UInt16)
    throws(Failure)
  {
    let sockets = [try Sockets.listen(port: 0), try Sockets.listen(port: 0)]
    (staticPort, proxyPort) = (sockets[0].port, sockets[1].port)
    for socket in sockets { close(socket.descriptor) }
    let text = try Self.configuration(
      folder: folder, path: path, answer: answer, staticPort: staticPort, proxyPort: proxyPort,
      catalogPort: catalogPort)
    let file = folder + "/nginx.conf"
    try Files.write(Array(text.utf8), to: file, mode: 0o600)
    let words = ["nginx", "-p", folder, "-c", file]
    let check = try Captured.run(words + ["-t"])
    guard check.exitCode == 0 else { throw Failure("nginx does not take its configuration: \(check.output)") }
    var spawn = Spawn(
      executable: "/usr/bin/env", arguments: (core.map { ["taskset", "-c", "\($0)"] } ?? []) + words)
    spawn.environment = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
    pid = try spawn.start()
    for port in [staticPort, proxyPort] {
      let client = GatewayClient(host: "127.0.0.1", port: port, timeout: .seconds(5))
      var last = "it does not listen"
      // It opens its sockets some milliseconds after it has been started.
      for _ in 0..<200 {
        do throws(GatewayClient.Silence) {
          let other = try client.send(.get, path)
          guard other.status == 200, other.body == answer.body else {
            stop()
            throw GatewayClient.Silence.malformed("status \(other.status), \(other.body.count) bytes")
          }
          last = ""
          break
        } catch {
          last = error.description
          if case .unreachable = error { usleep(10_000) } else { break }
        }
      }
      guard last.isEmpty else {
        stop()
        throw Failure("nginx on port \(port) does not answer as the catalog does: \(last)")
      }
    }
  }

  func stop() {
    kill(pid, SIGTERM)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
  }

  /// `return` takes the body between single quotes; what would end or change it is refused, not escaped.
  static func configuration(
    folder: String, path: String, answer: GatewayClient.Answer, staticPort: UInt16, proxyPort: UInt16,
    catalogPort: UInt16
  ) throws(Failure) -> String {
    let body = String(decoding: answer.body, as: UTF8.self)
    // nginx sends Server, Date, Content-Type, Content-Length and Connection by itself.
    let own = ["server", "date", "content-type", "content-length", "connection", "keep-alive"]
    var extra = answer.fields.filter { !own.contains($0.name) }
    while extra.count + 5 > answer.fields.count, !extra.isEmpty { extra.removeLast() }
    while extra.count + 5 < answer.fields.count {
      extra.append(("x-field-\(extra.count)", "0123456789abcdef"))
    }
    for text in [body] + extra.map(\.value) where text.contains(where: { "'\\$\n".contains($0) }) {
      throw Failure("nginx cannot return this as it is: \(text)")
    }
    let headers = extra.map { "add_header \($0.name) '\($0.value)';" }.joined(separator: "\n      ")
    return """
      \(geteuid() == 0 ? "user root;" : "")
      worker_processes 1;
      daemon off;
      pid \(folder)/nginx.pid;
      error_log \(folder)/nginx.log;
      events { worker_connections 1024; }
      http {
        access_log off;
        keepalive_requests 1000000000;
        client_body_temp_path \(folder)/body;
        proxy_temp_path \(folder)/proxy;
        fastcgi_temp_path \(folder)/fastcgi;
        uwsgi_temp_path \(folder)/uwsgi;
        scgi_temp_path \(folder)/scgi;
        upstream catalog {
          server 127.0.0.1:\(catalogPort);
          keepalive 64;
          keepalive_requests 1000000000;
        }
        server {
          listen 127.0.0.1:\(staticPort);
          location = \(path) {
            default_type application/json;
            \(headers)
            return 200 '\(body)';
          }
        }
        server {
          listen 127.0.0.1:\(proxyPort);
          location / {
            proxy_pass http://catalog;
            proxy_http_version 1.1;
            proxy_set_header connection "";
          }
        }
      }

      """
  }
}
