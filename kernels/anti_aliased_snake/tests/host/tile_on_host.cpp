// Runs the phases of tile.cuh on a CPU, every thread of a block after the other, for float rows.
#include <cmath>

#define __device__
#define __forceinline__ inline
#include "../../anti_aliased_snake_cuda/tile.cuh"

extern "C" void tile_rows(
    const float* x, const float* alpha, const float* beta, float* z, int rows, int samples, int stride, int aligned) {
  using namespace anti_aliased_snake;
  static Tile tile;
  for (int number = 0; number < rows; ++number) {
    Row<float> row;
    row.x = x + static_cast<int64_t>(number) * samples * stride;
    row.z = z + static_cast<int64_t>(number) * samples;
    row.stride = stride;
    row.samples = samples;
    row.aligned = aligned && stride == 1 && reinterpret_cast<uintptr_t>(row.x) % 16 == 0;
    row.z_aligned = aligned && reinterpret_cast<uintptr_t>(row.z) % sizeof(Four<float>) == 0;
    row.frequency = std::exp(alpha[number]) * kInversePi;
    row.inverse_beta = 1.0f / (std::exp(beta[number]) + kEpsilon);
    for (int start = 0; start < samples; start += kTile) {
      for (int thread = 0; thread < kThreads; ++thread) load_phase(tile, row, start, thread);
      for (int thread = 0; thread < kThreads; ++thread) activate_phase(tile, row, thread);
      if (start == 0 || start + kTile + 4 > samples) {
        for (int thread = 0; thread < kThreads; ++thread) repair_phase(tile, row, start, thread);
      }
      for (int thread = 0; thread < kThreads; ++thread) filter_phase(tile, row, start, thread);
    }
  }
}
