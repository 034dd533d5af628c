/// Sorting by places: one function for whatever is sorted. The standard library's is made anew for each type, 3 KB of an
/// image each time.
public enum Sorting {
  /// The places below `count` in the order that `isBefore` says; those of which neither is before the other keep theirs.
  /// A merge sort: about `count` times its binary logarithm comparisons, whatever the order they come in.
  @inline(never)
  public static func places(_ count: Int, _ isBefore: (_ left: Int, _ right: Int) -> Bool) -> [Int] {
    var places = Array(0..<count)
    var merged = places
    var width = 1
    while width < count {
      var start = 0
      while start < count {
        let middle = min(start + width, count)
        let end = min(middle + width, count)
        var (left, right) = (start, middle)
        for place in start..<end {
          let takesRight = right < end && (left == middle || isBefore(places[right], places[left]))
          merged[place] = places[takesRight ? right : left]
          if takesRight { right += 1 } else { left += 1 }
        }
        start = end
      }
      swap(&places, &merged)
      width *= 2
    }
    return places
  }
}

extension Array {
  /// The elements in the order that `isBefore` says; equals stay as they are.
  public func ordered(by isBefore: (Element, Element) -> Bool) -> [Element] {
    // Not `map`, which is made anew for each type; `append` is there, as the array has grown.
    var ordered: [Element] = []
    for place in Sorting.places(count, { isBefore(self[$0], self[$1]) }) { ordered.append(self[place]) }
    return ordered
  }
}
