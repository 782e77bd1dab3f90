// The CUDA kernel as an operator of torch: checks, the current stream, the result's memory.
#include "torch_binding.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/library.h>

#include "../anti_aliased_snake_cuda/forward.h"
#include "registration.h"

namespace {

anti_aliased_snake::Scalar scalar_of(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return anti_aliased_snake::Scalar::kFloat;
    case at::kHalf:
      return anti_aliased_snake::Scalar::kHalf;
    case at::kBFloat16:
      return anti_aliased_snake::Scalar::kBFloat16;
    default:
      TORCH_CHECK_TYPE(false, "hidden_states must be float32, float16 or bfloat16, got ", type);
  }
}

}  // namespace

at::Tensor cuda_forward(const at::Tensor& x, const at::Tensor& alpha, const at::Tensor& beta, bool logscale) {
  const auto scalar = scalar_of(x.scalar_type());
  TORCH_CHECK_VALUE(x.dim() == 3 && x.size(2) > 0, "hidden_states must be [batch, channels, samples], got ", x.sizes());
  TORCH_CHECK_VALUE(
      alpha.dim() == 1 && alpha.size(0) == x.size(1) && beta.sizes() == alpha.sizes(),
      "alpha and beta must be [", x.size(1), "], got ", alpha.sizes(), " and ", beta.sizes());
  TORCH_CHECK_VALUE(
      x.is_cuda() && alpha.device() == x.device() && beta.device() == x.device(),
      "hidden_states, alpha and beta must be on one CUDA device, got ", x.device(), ", ", alpha.device(), ", ",
      beta.device());
  const c10::cuda::CUDAGuard guard(x.device());
  const auto alpha_float = alpha.to(at::kFloat).contiguous();
  const auto beta_float = beta.to(at::kFloat).contiguous();
  auto z = at::empty(x.sizes(), x.options());
  anti_aliased_snake::Arguments arguments{
      x.const_data_ptr(),
      z.mutable_data_ptr(),
      alpha_float.const_data_ptr<float>(),
      beta_float.const_data_ptr<float>(),
      x.size(0),
      x.size(1),
      x.size(2),
      x.stride(0),
      x.stride(1),
      x.stride(2),
      logscale,
      scalar};
  C10_CUDA_CHECK(anti_aliased_snake::forward(arguments, c10::cuda::getCurrentCUDAStream()));
  return z;
}

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("cuda_forward(Tensor x, Tensor alpha, Tensor beta, bool logscale) -> Tensor");
  ops.impl("cuda_forward", at::kCUDA, &cuda_forward);
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
