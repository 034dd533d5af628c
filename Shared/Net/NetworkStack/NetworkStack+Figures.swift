import Bytes
import Platform
import TCP
import Wire

extension NetworkStack {
  /// What the stack counts, for `/metrics`: every drop by its reason.
  public var figures: [NetworkFigure] {
    var list: [NetworkFigure] = []
    list.level("souk_network_stack Which TCP/IP serves", 1, ("stack", "souk"))
    addTCP(to: &list)
    addDrops(to: &list)
    addLowerLayers(to: &list)
    addMemory(to: &list)
    return list
  }

  private func addTCP(to list: inout [NetworkFigure]) {
    let tcp = tcpCounters
    list.count("souk_tcp_segments_received_total Valid segments of our connections", tcp.segmentsReceived)
    list.count("souk_tcp_segments_sent_total Segments sent, those again included", tcp.segmentsSent)
    list.count("souk_tcp_bytes_received_total Payload bytes received", tcp.bytesReceived)
    list.count("souk_tcp_bytes_sent_total Payload bytes sent for the first time", tcp.bytesSent)
    list.count("souk_tcp_retransmissions_total Segments sent again", tcp.retransmissions)
    list.count("souk_tcp_timeouts_total Retransmission time-outs", tcp.timeouts)
    list.count("souk_tcp_fast_recoveries_total Losses told by duplicate ACKs or SACK", tcp.fastRecoveries)
    list.count("souk_tcp_recoveries_undone_total Recoveries that were for nothing", tcp.recoveriesUndone)
    list.count("souk_tcp_duplicate_acks_total Duplicate ACKs received", tcp.duplicateAcknowledgements)
    list.count("souk_tcp_out_of_order_total Segments that arrived beyond a gap", tcp.outOfOrderSegments)
    list.count("souk_tcp_probes_total Zero-window and keep-alive probes sent", tcp.probes)
    list.count(
      "souk_tcp_path_reductions_total Paths of which a router said what they take", tcp.pathReductions)
    list.count("souk_tcp_black_holes_total Paths that took no full segments", tcp.blackHoles)
    list.level("souk_tcp_paths Destinations whose path takes less than its ends", UInt64(paths.count))
    list.count(
      "souk_tcp_opens_total Connections begun", by: "side", ["active", "passive"],
      [tcp.activeOpens, tcp.passiveOpens])
    list.count("souk_tcp_cookies_sent_total SYNs answered with a cookie", counters.cookiesSent)
    list.count("souk_tcp_cookies_returned_total Cookies that came back", counters.cookiesReturned)
    list.count("souk_tcp_failures_total Connections that failed", tcp.failures)
    list.count("souk_tcp_resets_received_total RSTs received and believed", tcp.resetsReceived)
    list.count("souk_tcp_resets_sent_total RSTs sent", tcp.resetsSent)
    var levels = [UInt64](repeating: 0, count: State.allCases.count)
    connections.forEach { _, connection in levels[Int(connection.connection.state.rawValue)] += 1 }
    levels[Int(State.timeWait.rawValue)] = UInt64(timeWaits.count)
    for state in State.allCases where state != .closed {
      list.level(
        "souk_tcp_connections Connections by state", levels[Int(state.rawValue)], ("state", state.name))
    }
    list.count(
      "souk_tcp_time_wait_evicted_total TIME-WAITs forgotten before their time", timeWaits.evictedCount)
  }

  private func addDrops(to list: inout [NetworkFigure]) {
    let tcp = tcpCounters
    list.count(
      "souk_tcp_dropped_total Segments dropped", by: "reason",
      [
        "old_timestamp", "no_timestamp", "outside_window", "bad_ack", "blind_reset", "blind_syn", "bad_flags",
        "no_room", "closed_port", "listen_overflow", "connection_limit", "bad_cookie", "path_claim",
      ],
      [
        tcp.droppedOldTimestamp, tcp.droppedNoTimestamp, tcp.droppedOutsideWindow,
        tcp.droppedBadAcknowledgement, tcp.droppedBlindReset, tcp.droppedBlindSYN, tcp.droppedBadFlags,
        tcp.droppedForMemory, counters.closedPort, counters.listenOverflow, counters.connectionLimit,
        counters.cookiesRefused, tcp.droppedPathClaims,
      ])
    list.count(
      "souk_ip_malformed_total Frames, packets and segments that are not what their format says",
      by: "reason",
      [
        "truncated", "unsupported", "bad_length", "bad_checksum", "bad_option", "bad_name", "bad_value",
      ], counters.malformed)
    list.count(
      "souk_ip_packets_received_total Valid packets received", by: "family", ["ipv4", "ipv6"],
      [counters.packetsOfIPv4, counters.packetsOfIPv6])
    list.count(
      "souk_ip_dropped_total Frames and packets dropped", by: "reason",
      ["not_for_us", "unknown_protocol", "bad_source"],
      [counters.notForUs, counters.unknownProtocol, counters.badSource])
  }

  private func addLowerLayers(to list: inout [NetworkFigure]) {
    list.count("souk_net_frames_received_total Frames that devices delivered", counters.framesReceived)
    list.count("souk_net_frames_sent_total Frames that devices took", counters.framesSent)
    list.count(
      "souk_net_frames_deferred_total Frames a device had no room for at first", counters.framesDeferred)
    list.count("souk_net_frames_lost_total Frames a device had no room for", counters.framesLost)
    list.count(
      "souk_net_bad_configuration_total Addresses or gateways that cannot be used",
      counters.badConfiguration)
    list.count("souk_udp_received_total Datagrams received", counters.datagramsReceived)
    list.count("souk_udp_sent_total Datagrams sent", counters.datagramsSent)
    list.count(
      "souk_udp_dropped_total Datagrams dropped", by: "reason", ["closed_port", "queue_full"],
      [counters.datagramsToNobody, counters.datagramsOverflow])
    list.count("souk_icmp_received_total ICMP messages received", counters.icmpReceived)
    list.count("souk_icmp_echo_replies_total Echo requests answered", counters.echoesAnswered)
    list.count("souk_icmp_errors_sent_total ICMP errors sent", counters.icmpErrorsSent)
    list.count(
      "souk_icmp_rate_limited_total ICMP messages and RSTs that a rate limit kept back",
      counters.icmpLimited)
    var neighbours: UInt64 = 0
    var failed: UInt64 = 0
    var fragments = [UInt64](repeating: 0, count: ReassemblyDrop.allCases.count)
    var reassembled: UInt64 = 0
    var conflicts: UInt64 = 0
    var leases: UInt64 = 0
    var duplicates: UInt64 = 0
    var advertisements: UInt64 = 0
    for interface in interfaces {
      neighbours += UInt64(interface.neighbours.count)
      failed += interface.neighbours.failedCount
      conflicts += interface.conflicts?.conflictCount ?? 0
      duplicates += interface.autoconfiguration?.duplicateCount ?? 0
      advertisements += interface.autoconfiguration?.advertisementCount ?? 0
      leases += interface.dhcp?.refusals.total ?? 0
      reassembled += interface.reassembler.completedCount
      for drop in ReassemblyDrop.allCases {
        fragments[Int(drop.rawValue)] += interface.reassembler.count(of: drop)
      }
    }
    list.level("souk_arp_neighbours Neighbours known", neighbours)
    list.count("souk_arp_failed_total Neighbours that did not answer", failed)
    list.count("souk_arp_conflicts_total Packets of another host with our address", conflicts)
    list.count("souk_ipv6_duplicates_total IPv6 addresses of ours that others had", duplicates)
    list.count("souk_ipv6_advertisements_total Advertisements of routers that were read", advertisements)
    list.count("souk_ip_reassembled_total Packets put together from fragments", reassembled)
    list.count(
      "souk_ip_fragments_dropped_total Fragments dropped", by: "reason",
      [
        "overlap", "of_discarded", "contradiction", "too_long", "too_many", "mixed_congestion",
        "evicted_by_source", "evicted", "timeout", "duplicate",
      ], fragments)
    list.count("souk_dhcp_refused_total DHCP messages refused", leases)
    let queries = nameService?.counts() ?? (sent: 0, timedOut: 0, refused: 0)
    list.count("souk_dns_queries_total DNS queries sent", queries.sent)
    list.count("souk_dns_timeouts_total DNS queries without an answer in time", queries.timedOut)
    list.count("souk_dns_refused_total DNS answers refused", queries.refused)
  }

  private func addMemory(to list: inout [NetworkFigure]) {
    list.level("souk_net_buffer_budget_bytes Memory that all queues may hold", UInt64(pool.budgetByteCount))
    list.level("souk_net_buffer_committed_bytes Memory set aside for queues", UInt64(pool.committedByteCount))
    list.level("souk_net_buffer_used_bytes Memory in blocks of queues", UInt64(pool.usedByteCount))
    list.level("souk_net_buffer_blocks Blocks of queues in use", UInt64(pool.blocksInUseCount))
    list.count("souk_net_buffer_refused_total Newcomers and growth refused for memory", pool.refusalCount)
  }
}
