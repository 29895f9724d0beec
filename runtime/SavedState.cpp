// Sequences as bytes: a header, then for each state where it begins, then all states.
#include "runtime/Sequence.h"

#include <cstring>

namespace quern::runtime {

namespace {

constexpr char savedMagic[8] = {'Q', 'U', 'E', 'R', 'N', 'S', 'E', 'Q'};
constexpr uint32_t savedVersion = 1;

struct SavedHeader {
  char magic[8];
  uint32_t version;
  uint32_t isPredicted;
  /// Of the image.
  uint64_t identity;
  uint64_t bytes;
  uint64_t position;
  /// hashBytes of all that follows this field.
  uint64_t checksum;
};
static_assert(sizeof(SavedHeader) == 48);

uint64_t stateBytes(const quern_sequence &sequence) {
  return SequenceState::bytesOf(sequence.image().states());
}

uint64_t savedBytes(const quern_sequence &sequence) {
  return savedBytes(sequence.image().states());
}

uint64_t checksumOf(const SavedHeader &header, const unsigned char *bytes) {
  uint64_t facts[2] = {header.position, header.isPredicted};
  return hashBytes(bytes + sizeof header, header.bytes - sizeof header,
                   hashBytes(facts, sizeof facts));
}

/// Whether memory that begins at slot `origin` holds what a sequence at that position may look at.
bool canBegin(const quern_sequence &sequence, uint64_t state, uint64_t origin,
              const SavedHeader &header) {
  const SequenceEntry &order = sequence.order();
  // The last position that room was made for.
  uint64_t reached = header.position;
  if (reached == positionsOf(order))
    reached += order.lag;
  if (reached > 0 && !header.isPredicted)
    --reached;
  const StateEntry &entry = sequence.image().states()[state];
  Place place = placeOf(order, reached), end = place;
  // In the rows between those of a grid, numbers begin anew.
  bool isBetween = false;
  for (uint32_t axis = 0; axis < order.axes; ++axis) {
    if (isBetween)
      end.at[axis] = order.extents[axis] - 1;
    isBetween = isBetween || entry.rates[axis] > 1;
  }
  return origin <= SequenceState::slotNumber(entry, end) &&
         SequenceState::slotNumber(entry, place) < origin + entry.room;
}

} // namespace

uint64_t savedBytes(std::span<const StateEntry> states) {
  return sizeof(SavedHeader) + states.size() * sizeof(uint64_t) + SequenceState::bytesOf(states);
}

void copyState(const quern_sequence &from, quern_sequence &to) {
  to.position = from.position;
  to.isPredicted = from.isPredicted;
  for (uint64_t i = 0; i < from.state.count(); ++i)
    to.state.memory(i).origin = from.state.memory(i).origin;
  std::memcpy(to.arena.base, from.arena.base, stateBytes(from));
}

} // namespace quern::runtime

using namespace quern::runtime;

size_t quern_sequence_bytes(const quern_sequence *sequence) {
  return sequence ? savedBytes(*sequence) : 0;
}

quern_status quern_sequence_save(const quern_sequence *sequence, void *bytes, size_t size) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  Error &error = sequence->error();
  error.clear();
  if (!bytes || size < savedBytes(*sequence))
    return error.set(QUERN_INVALID_ARGUMENT, "the state takes %llu bytes",
                     static_cast<unsigned long long>(savedBytes(*sequence)));
  auto *out = static_cast<unsigned char *>(bytes);
  SavedHeader header{{},
                     savedVersion,
                     sequence->isPredicted,
                     sequence->image().header().identity,
                     savedBytes(*sequence),
                     sequence->position,
                     0};
  std::memcpy(header.magic, savedMagic, sizeof savedMagic);
  unsigned char *at = out + sizeof header;
  for (uint64_t i = 0; i < sequence->state.count(); ++i, at += sizeof(uint64_t))
    std::memcpy(at, &sequence->state.memory(i).origin, sizeof(uint64_t));
  std::memcpy(at, sequence->arena.base, stateBytes(*sequence));
  header.checksum = checksumOf(header, out);
  std::memcpy(out, &header, sizeof header);
  return QUERN_OK;
}

quern_status quern_sequence_restore(quern_sequence *sequence, const void *bytes, size_t size) {
  if (!sequence)
    return threadError().set(QUERN_INVALID_ARGUMENT, "the sequence is null");
  Error &error = sequence->error();
  error.clear();
  const auto *in = static_cast<const unsigned char *>(bytes);
  SavedHeader header{};
  if (!in || size < sizeof header)
    return error.set(QUERN_BAD_STATE, "the saved state is truncated");
  std::memcpy(&header, in, sizeof header);
  if (std::memcmp(header.magic, savedMagic, sizeof savedMagic) != 0 ||
      header.version != savedVersion)
    return error.set(QUERN_BAD_STATE, "these bytes are no saved state");
  if (header.identity != sequence->image().header().identity ||
      header.bytes != savedBytes(*sequence))
    return error.set(QUERN_BAD_STATE, "the state was saved by another model");
  if (size < header.bytes)
    return error.set(QUERN_BAD_STATE, "the saved state is truncated");
  bool isGood = header.checksum == checksumOf(header, in) &&
                header.position <= positionsOf(sequence->order()) && header.isPredicted <= 1;
  for (uint64_t i = 0; isGood && i < sequence->state.count(); ++i) {
    uint64_t origin = 0;
    std::memcpy(&origin, in + sizeof header + i * sizeof origin, sizeof origin);
    isGood = canBegin(*sequence, i, origin, header);
  }
  if (!isGood)
    return error.set(QUERN_BAD_STATE, "the saved state is damaged: its checksum differs");
  sequence->position = header.position;
  sequence->isPredicted = header.isPredicted != 0;
  const unsigned char *at = in + sizeof header;
  for (uint64_t i = 0; i < sequence->state.count(); ++i, at += sizeof(uint64_t))
    std::memcpy(&sequence->state.memory(i).origin, at, sizeof(uint64_t));
  std::memcpy(sequence->arena.base, at, stateBytes(*sequence));
  return QUERN_OK;
}
