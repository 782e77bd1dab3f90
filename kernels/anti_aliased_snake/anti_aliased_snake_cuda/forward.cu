// Anti-aliased SnakeBeta, forward, for inference: each sample is read and written once, everything between is in shared
// memory and registers. float, half and bfloat16 with float arithmetic; any shape; any strides of x.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <climits>

#include "forward.h"
#include "tile.cuh"

namespace anti_aliased_snake {

template <typename scalar_t>
__global__ void __launch_bounds__(kThreads) forward_kernel(Arguments arguments, int tiles) {
  __shared__ Tile tile;
  const int64_t row_number = blockIdx.x / tiles;
  const int start = static_cast<int>(blockIdx.x % tiles) * kTile;
  const int64_t channel = row_number % arguments.channels;
  float alpha = arguments.alpha[channel];
  float beta = arguments.beta[channel];
  if (arguments.logscale) {
    alpha = expf(alpha);
    beta = expf(beta);
  }

  Row<scalar_t> row;
  row.x = static_cast<const scalar_t*>(arguments.x) + (row_number / arguments.channels) * arguments.stride_batch +
          channel * arguments.stride_channel;
  row.z = static_cast<scalar_t*>(arguments.z) + row_number * arguments.samples;
  row.stride = arguments.stride_sample;
  row.samples = static_cast<int>(arguments.samples);
  row.aligned = row.stride == 1 && reinterpret_cast<uintptr_t>(row.x) % 16 == 0;
  row.z_aligned = reinterpret_cast<uintptr_t>(row.z) % sizeof(Four<scalar_t>) == 0;
  row.frequency = alpha * kInversePi;
  row.inverse_beta = 1.0f / (beta + kEpsilon);

  const int thread = threadIdx.x;
  load_phase(tile, row, start, thread);
  __syncthreads();
  activate_phase(tile, row, thread);
  if (start == 0 || start + kTile + 4 > row.samples) {  // the same for the whole block
    __syncthreads();
    repair_phase(tile, row, start, thread);
  }
  __syncthreads();
  filter_phase(tile, row, start, thread);
}

cudaError_t forward(const Arguments& arguments, cudaStream_t stream) {
  const int64_t tiles = (arguments.samples + kTile - 1) / kTile;
  const int64_t blocks = arguments.batch * arguments.channels * tiles;
  if (blocks == 0) return cudaSuccess;
  if (blocks > INT_MAX || arguments.samples > INT_MAX - kInputs) return cudaErrorInvalidValue;
  const dim3 grid(static_cast<unsigned>(blocks));
  switch (arguments.scalar) {
    case Scalar::kFloat:
      forward_kernel<float><<<grid, kThreads, 0, stream>>>(arguments, static_cast<int>(tiles));
      break;
    case Scalar::kHalf:
      forward_kernel<__half><<<grid, kThreads, 0, stream>>>(arguments, static_cast<int>(tiles));
      break;
    case Scalar::kBFloat16:
      forward_kernel<__nv_bfloat16><<<grid, kThreads, 0, stream>>>(arguments, static_cast<int>(tiles));
      break;
  }
  return cudaGetLastError();
}

}  // namespace anti_aliased_snake
