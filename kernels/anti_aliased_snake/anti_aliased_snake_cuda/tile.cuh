// What one block does: a tile of a row of the anti-aliased SnakeBeta, in four phases with a barrier between them.
//
// load:     samples of x, and the end samples repeated beyond the row, into shared memory as float
// activate: the upsampled signal, even and odd samples apart, through x + sin^2(alpha x) / beta
// repair:   beyond the ends of the row, the activated signal repeats its own first and last sample
// filter:   the low-pass filter, every second result, out
//
// u_even[q] = 2 sum E[k] x[q - 3 + k], u_odd[q] = 2 sum O[k] x[q - 2 + k], z[t] = sum O[k] v_even[t - 2 + k] +
// sum E[k] v_odd[t - 3 + k], k < 6, where E and O are every second tap of a symmetric filter. Each phase is a function of
// the thread's number and of shared memory alone, so that a host compiler can run the phases one after the other.
#pragma once

#include <cstdint>

namespace anti_aliased_snake {

constexpr int kThreads = 256;
constexpr int kPerThread = 4;
constexpr int kActivated = kThreads * kPerThread;  // positions q = start - 4 .. of the activated signal in a tile
constexpr int kTile = kActivated - 8;              // results of a tile
constexpr int kInputs = kTile + 16;                // samples of x, from start - 8

// Kaiser-windowed sinc: cutoff 1/4, half width 3/10, 12 taps, of which the second half mirrors the first.
constexpr float kT0 = 0.0020289665553718805f;
constexpr float kT1 = 0.009389463812112808f;
constexpr float kT2 = -0.025543464347720146f;
constexpr float kT3 = -0.05765737593173981f;
constexpr float kT4 = 0.12857261300086975f;
constexpr float kT5 = 0.44320979714393616f;
constexpr float kInversePi = 0.3183098861837907f;
constexpr float kEpsilon = 1e-9f;

struct alignas(16) Tile {
  float x[kInputs];
  float even[kActivated];
  float odd[kActivated];
};

template <typename scalar_t>
struct Row {
  const scalar_t* x;
  scalar_t* z;
  int64_t stride;  // of x, in elements
  int samples;
  bool aligned;    // x is dense and starts at a multiple of 16 bytes
  bool z_aligned;  // z starts at a multiple of the bytes of four samples
  float frequency;  // alpha / pi
  float inverse_beta;
};

template <typename scalar_t>
struct alignas(16) Vector {
  scalar_t values[16 / sizeof(scalar_t)];
};

template <typename scalar_t>
struct alignas(sizeof(scalar_t) * 4) Four {
  scalar_t values[4];
};

__device__ __forceinline__ float even_taps(const float* v) {
  return v[0] * kT0 + v[1] * kT2 + v[2] * kT4 + v[3] * kT5 + v[4] * kT3 + v[5] * kT1;
}

__device__ __forceinline__ float odd_taps(const float* v) {
  return v[0] * kT1 + v[1] * kT3 + v[2] * kT5 + v[3] * kT4 + v[4] * kT2 + v[5] * kT0;
}

// sin(alpha u)^2 to 6e-9: whole half turns do not matter, and a polynomial does the rest.
__device__ __forceinline__ float squared_sine(float u, float frequency) {
  float y = u * frequency;
  y -= rintf(y);
  const float t = y * y;
  float p = -3.27294311f * t + 12.9907281f;
  p = p * t - 30.0859525f;
  p = p * t + 42.7253847f;
  p = p * t - 32.4695811f;
  p = p * t + 9.86960292f;
  return p * t;
}

// Three neighbouring groups of four floats, the first at a multiple of 16 bytes.
__device__ __forceinline__ void load_twelve(const float* from, float* to) {
  const Four<float>* groups = reinterpret_cast<const Four<float>*>(from);
#pragma unroll
  for (int group = 0; group < 3; ++group) {
    const Four<float> four = groups[group];
#pragma unroll
    for (int i = 0; i < 4; ++i) to[4 * group + i] = four.values[i];
  }
}

template <typename scalar_t>
__device__ __forceinline__ void load_phase(Tile& tile, const Row<scalar_t>& row, int start, int thread) {
  constexpr int kVector = 16 / sizeof(scalar_t);
  for (int index = thread * kVector; index < kInputs; index += kThreads * kVector) {
    const int first = start - 8 + index;
    if (row.aligned && first >= 0 && first + kVector <= row.samples) {
      const Vector<scalar_t> vector = *reinterpret_cast<const Vector<scalar_t>*>(row.x + first);
#pragma unroll
      for (int i = 0; i < kVector; ++i) tile.x[index + i] = static_cast<float>(vector.values[i]);
    } else {
#pragma unroll
      for (int i = 0; i < kVector; ++i) {
        int position = first + i;
        position = position < 0 ? 0 : (position < row.samples ? position : row.samples - 1);
        tile.x[index + i] = static_cast<float>(row.x[position * row.stride]);
      }
    }
  }
}

template <typename scalar_t>
__device__ __forceinline__ void activate_phase(Tile& tile, const Row<scalar_t>& row, int thread) {
  float x[12];  // from q - 4
  load_twelve(tile.x + kPerThread * thread, x);
  Four<float> even, odd;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
    const float u = 2.0f * even_taps(x + i + 1);
    even.values[i] = u + row.inverse_beta * squared_sine(u, row.frequency);
    const float w = 2.0f * odd_taps(x + i + 2);
    odd.values[i] = w + row.inverse_beta * squared_sine(w, row.frequency);
  }
  reinterpret_cast<Four<float>*>(tile.even)[thread] = even;
  reinterpret_cast<Four<float>*>(tile.odd)[thread] = odd;
}

template <typename scalar_t>
__device__ __forceinline__ void repair_phase(Tile& tile, const Row<scalar_t>& row, int start, int thread) {
  if (start == 0 && thread < 4) {
    tile.even[thread] = tile.even[4];
    tile.odd[thread] = tile.even[4];
  }
  const int end = row.samples - start + 4;  // of the row, among the activated samples; the last valid one is end - 1
  if (thread < 4 && end + thread < kActivated) {  // no result that is kept sees further
    tile.even[end + thread] = tile.odd[end - 1];
    tile.odd[end + thread] = tile.odd[end - 1];
  }
}

template <typename scalar_t>
__device__ __forceinline__ void filter_phase(const Tile& tile, const Row<scalar_t>& row, int start, int thread) {
  const int first = start + kPerThread * thread;
  if (kPerThread * thread >= kTile || first >= row.samples) return;
  float even[12], odd[12];  // from t - 4
  load_twelve(tile.even + kPerThread * thread, even);
  load_twelve(tile.odd + kPerThread * thread, odd);
  Four<scalar_t> z;
#pragma unroll
  for (int i = 0; i < kPerThread; ++i) {
    z.values[i] = static_cast<scalar_t>(odd_taps(even + i + 2) + even_taps(odd + i + 1));
  }
  if (row.z_aligned && first + kPerThread <= row.samples) {
    *reinterpret_cast<Four<scalar_t>*>(row.z + first) = z;
  } else {
    for (int i = 0; i < kPerThread && first + i < row.samples; ++i) row.z[first + i] = z.values[i];
  }
}

}  // namespace anti_aliased_snake
