// The kernel's entry, free of torch: one compilation unit for nvcc that builds in seconds.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace anti_aliased_snake {

enum class Scalar { kFloat, kHalf, kBFloat16 };

// x [batch, channels, samples] with strides in elements; z contiguous; alpha and beta [channels], float.
struct Arguments {
  const void* x;
  void* z;
  const float* alpha;
  const float* beta;
  int64_t batch, channels, samples;
  int64_t stride_batch, stride_channel, stride_sample;
  bool logscale;
  Scalar scalar;
};

cudaError_t forward(const Arguments& arguments, cudaStream_t stream);

}  // namespace anti_aliased_snake
