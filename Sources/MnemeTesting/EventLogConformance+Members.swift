import EventLog

extension EventLogConformance {
  static let members: [EventLogConformance] = [
    EventLogConformance("two members share the partitions, and one that leaves hands its own over") { harness in
      let log = try await harness.make()
      try await log.make()
      let first = try await log.subscribe(group: "g", topics: ["t"], instance: nil)
      try await first.poll { $0.assigned.count == 4 }
      let second = try await log.subscribe(group: "g", topics: ["t"], instance: nil)
      var polled = [Polled(assigned: Set((0..<4).map { TopicPartition("t", $0) })), Polled()]
      try await settle([first, second], &polled) { $0.map(\.assigned.count) == [2, 2] }
      try expect(polled[0].assigned.isDisjoint(with: polled[1].assigned), "a partition has two members")
      await second.close()
      try await settle([first], &polled) { $0[0].assigned.count == 4 }
      let again = try await log.subscribe(group: "g", topics: ["t"], instance: nil)
      polled[1] = Polled()
      try await settle([first, again], &polled) { $0.map(\.assigned.count) == [2, 2] }
      await first.close()
      await again.close()
      await log.close()
    },
    EventLogConformance("more members than partitions: the rest wait, and take over from those that leave") { harness in
      let log = try await harness.make()
      try await log.make(partitions: 2)
      var members: [any LogConsumer] = []
      for index in 0..<3 {
        members.append(try await log.subscribe(group: "g", topics: ["t"], instance: nil))
      }
      var polled = members.map { _ in Polled() }
      try await settle(members, &polled) { polled in
        polled.map(\.assigned.count).sorted() == [0, 1, 1]
          && polled.reduce(into: Set()) { $0.formUnion($1.assigned) }.count == 2
      }
      let leaving = polled.firstIndex { !$0.assigned.isEmpty } ?? 0
      await members.remove(at: leaving).close()
      polled.remove(at: leaving)
      try await settle(members, &polled) { polled in
        polled.map(\.assigned.count) == [1, 1] && polled[0].assigned != polled[1].assigned
      }
      for member in members { await member.close() }
      await log.close()
    },
    EventLogConformance("each record goes to one member of a group, and to every group") { harness in
      let log = try await harness.make()
      try await log.make()
      let members = [
        try await log.subscribe(group: "g", topics: ["t"], instance: nil),
        try await log.subscribe(group: "g", topics: ["t"], instance: nil),
        try await log.subscribe(group: "h", topics: ["t"], instance: nil),
      ]
      var polled = members.map { _ in Polled() }
      try await settle(members, &polled) { $0.map(\.assigned.count) == [2, 2, 4] }
      _ = try await log.append((0..<40).map { .text("\($0)", key: "\($0)") })
      try await settle(members, &polled) {
        $0[0].records.count + $0[1].records.count >= 40 && $0[2].records.count >= 40
      }
      let wanted = (0..<40).map(String.init).sorted()
      try expectEqual((polled[0].texts + polled[1].texts).sorted(), wanted, "values of one group")
      try expectEqual(polled[2].texts.sorted(), wanted, "values of the other")
      for member in members { await member.close() }
      await log.close()
    },
    EventLogConformance(
      "a member whose name was taken over is fenced, and its successor goes on at once",
      needs: [.staticMembership, .transactions]
    ) { harness in
      let log = try await harness.make()
      try await log.make("in", partitions: 1)
      try await log.make("out", partitions: 1)
      let input = TopicPartition("in", 0)
      _ = try await log.append((0..<10).map { .text("\($0)", topic: "in") })
      let zombie = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      let seen = try await zombie.poll { $0.records.count == 10 }
      let successor = try await log.subscribe(group: "g", topics: ["in"], instance: "one")
      try await successor.poll { $0.records.count == 10 }
      let next = seen.next(input) ?? 0
      try await expectError(.fenced, "the commit of a zombie") {
        try await zombie.commit(appending: [.text("zombie", topic: "out")], offsets: [input: next])
      }
      try await expectError(.fenced, "a zombie's commit without offsets") {
        try await zombie.commit(appending: [.text("zombie", topic: "out")], offsets: [:])
      }
      try await successor.commit(appending: [.text("successor", topic: "out")], offsets: [input: next])
      try expectEqual(try await log.values(of: "out"), ["successor"], "output")
      _ = try await log.append([.text("more", topic: "in")])
      var fate = Polled()
      try await expectError(.fenced, "the polls of a zombie") {
        for _ in 0..<200 { fate.add(try await zombie.poll(limit: ReadLimit(), timeout: .milliseconds(20))) }
      }
      try expectEqual(fate.texts, [], "records for a zombie")
      try expect(fate.revoked.isSubset(of: [input]), "a zombie lost \(fate.revoked)")
      await zombie.close()
      try expectEqual(try await successor.poll { !$0.records.isEmpty }.texts, ["more"], "values after a zombie left")
      await successor.close()
      await log.close()
    },
    EventLogConformance(
      "work under way is fenced when its partition moves, and revoked at the next poll", needs: .groupOffsets
    ) { harness in
      let log = try await harness.make()
      try await log.make("in", partitions: 2)
      try await log.make("out", partitions: 1)
      _ = try await log.append((0..<20).map { .text("\($0)", topic: "in", partition: $0 % 2) })
      let first = try await log.subscribe(group: "g", topics: ["in"], instance: nil)
      let under = try await first.poll { $0.records.count == 20 }
      let second = try await log.subscribe(group: "g", topics: ["in"], instance: nil)
      var polled = [under, Polled()]
      try await settle([first, second], &polled) { $0.map(\.assigned.count) == [1, 1] && $0[1].records.count >= 10 }
      guard let moved = polled[1].assigned.first, let kept = polled[0].assigned.first else { return }
      try expect(polled[0].revoked.contains(moved), "the partition that moved was not revoked")
      try await expectError(.fenced, "a commit for what moved") {
        try await first.commit(
          appending: [.text("late", topic: "out")],
          offsets: [kept: under.next(kept) ?? 0, moved: under.next(moved) ?? 0])
      }
      try expectEqual(try await log.values(of: "out"), [], "output")
      try expectEqual(try await log.committedOffsets(of: "g"), [:], "offsets")
      try await first.commit(appending: [.text("kept", topic: "out")], offsets: [kept: under.next(kept) ?? 0])
      try await second.commit(
        appending: [.text("moved", topic: "out")], offsets: [moved: polled[1].next(moved) ?? 0])
      try expectEqual(try await log.values(of: "out"), ["kept", "moved"], "output")
      await first.close()
      await second.close()
      await log.close()
    },
    EventLogConformance("a partition that went and came back is begun anew: what was under way counts no more") {
      harness in
      let log = try await harness.make()
      try await log.make("in", partitions: 2)
      _ = try await log.append((0..<20).map { .text("\($0)", topic: "in", partition: $0 % 2) })
      let first = try await log.subscribe(group: "g", topics: ["in"], instance: nil)
      let under = try await first.poll { $0.records.count == 20 }
      // While the first is busy, another comes, works, and goes.
      let second = try await log.subscribe(group: "g", topics: ["in"], instance: nil)
      var polled = [under, Polled()]
      try await settle([first, second], &polled) { $0.map(\.assigned.count) == [1, 1] && $0[1].records.count >= 10 }
      guard let moved = polled[1].assigned.first else { return }
      let middle = polled[1].records.filter { $0.position.topicPartition == moved }[4].position.offset
      try await second.commit(appending: [], offsets: [moved: middle])
      await second.close()
      try await expectError(.fenced, "a commit of what was under way before") {
        try await first.commit(appending: [], offsets: [moved: under.next(moved) ?? 0])
      }
      let again = try await first.poll { $0.assigned.contains(moved) && $0.records.count >= 6 }
      let wanted = try await log.records(moved).filter { $0.position.offset >= middle }
      try expectEqual(again.records, wanted, "records after it came back")
      try await first.commit(appending: [], offsets: [moved: again.next(moved) ?? 0])
      await first.close()
      await log.close()
    },
  ]
}
