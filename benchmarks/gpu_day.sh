#!/usr/bin/env bash
# Everything that needs a GPU to be checked or measured, in one go and in less than ten minutes:
#   benchmarks/gpu_day.sh [FOLDER FOR RESULTS]
# Needs torch with CUDA, transformers and pytest; nvcc for the CUDA C++ kernel, without which it is left out. Each part goes on
# when another fails; the last lines say which did.
set -u
cd "$(dirname "$0")/.."
results=${1:-gpu_day}
mkdir -p "$results"
export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"
failed=()

part() { # name, seconds it may take, command
    local name=$1 limit=$2
    shift 2
    echo "== $name"
    timeout "$limit" "$@" 2>&1 | tee "$results/$name.txt"
    [ "${PIPESTATUS[0]}" -eq 0 ] || failed+=("$name")
}

project=kernels/anti_aliased_snake
part build 90 python $project/local/build.py "$results/kernel"
compiled=$(ls -d "$results"/kernel/build/*cu* 2>/dev/null | head -1)
[ -n "$compiled" ] && export KERNEL_BUILD="$PWD/$compiled"
part numerics 120 python -m pytest -q -p no:cacheprovider --rootdir $project $project/tests/test_triton.py
part models 90 python -m pytest -q -p no:cacheprovider -m gpu tests/kernels/test_fixed_chunks.py tests/kernels/test_on_gpu.py
part recorded_steps 90 python -m pytest -q -p no:cacheprovider -m gpu tests/training/test_graphed_step.py
part bandwidth 60 python $project/benchmarks/benchmark.py
part tuning 60 python $project/benchmarks/autotune.py --dtype float16 --output "$results/autotune.json"
part vocoder 150 python benchmarks/vocoder_speed.py --preset 24khz_100band_256x --systems published pytorch triton cuda \
    --seconds 1 10 60 --batch-sizes 1 8 --repeats 2 --output "$results/vocoder_speed_gpu.json"
part speech 90 python benchmarks/speech_speed.py --gpu-only --repeats 2 --output "$results/speech_speed_gpu.json"
part training 90 python benchmarks/training_speed.py --device cuda --tf32 --batch-size 64 --discriminator medium --warmup 6 --steps 8 \
    --systems valetts valetts-graphs vits --output "$results/training_speed_gpu.json"
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
    exit 1
fi
echo "all parts succeeded; results are in $results"
