import Testing
import XenRing

@Test func `An entry keeps its key and value`() {
  #expect(StoreEntry("ring-ref", "8") == StoreEntry("ring-ref", "8"))
}
