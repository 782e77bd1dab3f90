"""Triton kernels of the anti-aliased SnakeBeta, forward and backward.

A lane owns eight neighbouring samples of a row and keeps what it needs of the upsampled signal in registers: one read and
one write of memory per sample (neighbours' samples come from the cache), no atomics. Even and odd samples of the
upsampled signal u are kept apart: u_even[q] = 2 sum E[k] x[q - 3 + k], u_odd[q] = 2 sum O[k] x[q - 2 + k], k < 6, where
E and O are every second tap of the filter. With v = snake(u), the result is z[t] = sum O[k] v_even[t - 2 + k] +
sum E[k] v_odd[t - 3 + k], the filter being symmetric. Beyond their ends x and v repeat their first or last sample.
S samples of a row, L lanes of a program.
"""

import triton
import triton.language as tl


# Kaiser-windowed sinc: cutoff 1/4, half width 3/10, 12 taps, of which the second half mirrors the first.
T0 = tl.constexpr(0.0020289665553718805)
T1 = tl.constexpr(0.009389463812112808)
T2 = tl.constexpr(-0.025543464347720146)
T3 = tl.constexpr(-0.05765737593173981)
T4 = tl.constexpr(0.12857261300086975)
T5 = tl.constexpr(0.44320979714393616)
EPSILON = tl.constexpr(1e-9)
INVERSE_PI = tl.constexpr(0.3183098861837907)


@triton.jit
def even_taps(a, b, c, d, e, f):
    return a * T0 + b * T2 + c * T4 + d * T5 + e * T3 + f * T1


@triton.jit
def odd_taps(a, b, c, d, e, f):
    return even_taps(f, e, d, c, b, a)


@triton.jit
def squared_sine(y):
    """sin(pi y)^2 for |y| <= 1/2, to 6e-9: a polynomial, since the hardware's sine is less exact and the library's slow."""
    t = y * y
    p = -3.27294311 * t + 12.9907281
    p = p * t - 30.0859525
    p = p * t + 42.7253847
    p = p * t - 32.4695811
    p = p * t + 9.86960292
    return p * t


@triton.jit
def double_sine(y):
    """sin(2 pi y) for |y| <= 1/2, to 1e-9."""
    t = y * y
    p = 3.19969314 * t - 14.8686106
    p = p * t + 42.0161657
    p = p * t - 76.7015512
    p = p * t + 81.6050246
    p = p * t - 41.3416971
    p = p * t + 6.28318527
    return p * y


@triton.jit
def half_turns(u, frequency):
    """alpha u / pi without its whole part, which a squared sine does not see; `frequency` is alpha / pi."""
    y = u * frequency
    return y - tl.floor(y + 0.5)


@triton.jit
def four_columns(tile, L: tl.constexpr):
    """[L, 4] -> four [L]."""
    even, odd = tl.split(tl.reshape(tile, (L, 2, 2)))
    x0, x2 = tl.split(even)
    x1, x3 = tl.split(odd)
    return (x0, x1, x2, x3)


@triton.jit
def four_joined(a, b, c, d, L: tl.constexpr):
    """Four [L] -> [L, 4]."""
    return tl.reshape(tl.join(tl.join(a, c), tl.join(b, d)), (L, 4))


@triton.jit
def load_tile(row, start, stride, samples, WIDTH: tl.constexpr):
    """Samples start .. start + WIDTH - 1 of each lane, [L, WIDTH] in float32, zero outside the row."""
    position = start[:, None] + tl.arange(0, WIDTH)[None, :]
    inside = (position >= 0) & (position < samples)
    return tl.load(row + position.to(tl.int64) * stride, mask=inside, other=0.0).to(tl.float32)


@triton.jit
def load_eight(row, start, stride, samples, L: tl.constexpr):
    """Samples start .. start + 7 of each lane, as eight [L]: a lane's tile is one vector load, so nothing changes lanes."""
    if row.dtype.element_ty.primitive_bitwidth == 16:
        even, odd = tl.split(tl.reshape(load_tile(row, start, stride, samples, 8), (L, 4, 2)))
        e = four_columns(even, L)
        o = four_columns(odd, L)
        eight = (e[0], o[0], e[1], o[1], e[2], o[2], e[3], o[3])
    else:
        low = four_columns(load_tile(row, start, stride, samples, 4), L)
        high = four_columns(load_tile(row, start + 4, stride, samples, 4), L)
        eight = low + high
    return eight


@triton.jit
def store_tile(row, start, samples, tile, WIDTH: tl.constexpr):
    position = start[:, None] + tl.arange(0, WIDTH)[None, :]
    tl.store(row + position, tile.to(row.dtype.element_ty), mask=position < samples)


@triton.jit
def store_eight(row, first, samples, z, L: tl.constexpr):
    """Eight [L] to samples first .. first + 7 of a contiguous row."""
    if row.dtype.element_ty.primitive_bitwidth == 16:
        even = four_joined(z[0], z[2], z[4], z[6], L)
        odd = four_joined(z[1], z[3], z[5], z[7], L)
        store_tile(row, first, samples, tl.reshape(tl.join(even, odd), (L, 8)), 8)
    else:
        store_tile(row, first, samples, four_joined(z[0], z[1], z[2], z[3], L), 4)
        store_tile(row, first + 4, samples, four_joined(z[4], z[5], z[6], z[7], L), 4)


@triton.jit
def load_window(row, first, stride, samples, L: tl.constexpr):
    """Samples first - 8 .. first + 15 of each lane, as twenty-four [L]."""
    before = load_eight(row, first - 8, stride, samples, L)
    own = load_eight(row, first, stride, samples, L)
    after = load_eight(row, first + 8, stride, samples, L)
    return before + own + after


@triton.jit
def repeat_ends(x, first, samples):
    """The window of `load_window` with the first and the last sample of the row instead of zeros."""
    window = ()
    for p in tl.static_range(8):
        window = window + (tl.where(first == 0, x[8], x[p]),)
    window = window + (x[8],)
    for p in tl.static_range(9, 24):
        window = window + (tl.where(first - 8 + p < samples, x[p], window[p - 1]),)
    return window


@triton.jit
def parameters(alpha_ptr, beta_ptr, channel, LOGSCALE: tl.constexpr):
    """alpha and 1 / beta of a channel, as they act."""
    alpha = tl.load(alpha_ptr + channel).to(tl.float32)
    beta = tl.load(beta_ptr + channel).to(tl.float32)
    if LOGSCALE:
        alpha = tl.exp(alpha)
        beta = tl.exp(beta)
    return alpha, 1.0 / (beta + EPSILON)


@triton.jit
def forward_kernel(
    x_ptr,
    alpha_ptr,
    beta_ptr,
    z_ptr,
    channels,
    samples,
    stride_batch,
    stride_channel,
    stride_sample,
    programs_per_row,
    LOGSCALE: tl.constexpr,
    L: tl.constexpr,
):
    program = tl.program_id(0)
    row = (program // programs_per_row).to(tl.int64)
    first = ((program % programs_per_row) * L + tl.arange(0, L)) * 8
    channel = row % channels
    alpha, inverse_beta = parameters(alpha_ptr, beta_ptr, channel, LOGSCALE)
    frequency = alpha * INVERSE_PI

    x_row = x_ptr + (row // channels) * stride_batch + channel * stride_channel
    x = repeat_ends(load_window(x_row, first, stride_sample, samples, L), first, samples)

    even = ()  # v_even and v_odd at first - 3 .. first + 10
    odd = ()
    for m in tl.static_range(14):
        u = 2.0 * even_taps(x[m + 2], x[m + 3], x[m + 4], x[m + 5], x[m + 6], x[m + 7])
        even = even + (u + inverse_beta * squared_sine(half_turns(u, frequency)),)
        u = 2.0 * odd_taps(x[m + 3], x[m + 4], x[m + 5], x[m + 6], x[m + 7], x[m + 8])
        odd = odd + (u + inverse_beta * squared_sine(half_turns(u, frequency)),)
    v_even = ()
    v_odd = ()
    for m in tl.static_range(3):
        v_even = v_even + (tl.where(first == 0, even[3], even[m]),)
        v_odd = v_odd + (tl.where(first == 0, even[3], odd[m]),)
    v_even = v_even + (even[3],)
    v_odd = v_odd + (odd[3],)
    for m in tl.static_range(4, 14):
        inside = first - 3 + m < samples
        v_even = v_even + (tl.where(inside, even[m], v_odd[m - 1]),)
        v_odd = v_odd + (tl.where(inside, odd[m], v_odd[m - 1]),)

    z = ()
    for j in tl.static_range(8):
        z = z + (
            odd_taps(v_even[j + 1], v_even[j + 2], v_even[j + 3], v_even[j + 4], v_even[j + 5], v_even[j + 6])
            + even_taps(v_odd[j], v_odd[j + 1], v_odd[j + 2], v_odd[j + 3], v_odd[j + 4], v_odd[j + 5]),
        )
    store_eight(z_ptr + row * samples, first, samples, z, L)


@triton.jit
def backward_kernel(
    gradient_ptr,
    x_ptr,
    alpha_ptr,
    beta_ptr,
    of_x_ptr,
    of_alpha_ptr,
    of_inverse_beta_ptr,
    channels,
    samples,
    stride_batch,
    stride_channel,
    stride_sample,
    programs_per_row,
    LOGSCALE: tl.constexpr,
    L: tl.constexpr,
):
    """Gradients of x, and each program's share of those of alpha and 1 / beta as they act."""
    program = tl.program_id(0)
    row = (program // programs_per_row).to(tl.int64)
    first = ((program % programs_per_row) * L + tl.arange(0, L)) * 8
    channel = row % channels
    alpha, inverse_beta = parameters(alpha_ptr, beta_ptr, channel, LOGSCALE)
    frequency = alpha * INVERSE_PI
    slope = alpha * inverse_beta

    x_row = x_ptr + (row // channels) * stride_batch + channel * stride_channel
    x = repeat_ends(load_window(x_row, first, stride_sample, samples, L), first, samples)
    g = load_window(gradient_ptr + row * samples, first, 1, samples, L)

    # Results near an end see the repeated sample more than once; what is missing in the sums below goes to that sample.
    three = T0 + T1 + T2
    five = three + T3 + T4
    of_even = ()  # gradients of u_even and u_odd at first - 3 .. first + 10
    of_odd = ()
    of_alpha = tl.zeros((L,), tl.float32)
    of_inverse_beta = tl.zeros((L,), tl.float32)
    for m in tl.static_range(14):
        q = first - 3 + m
        inside = (q >= 0) & (q < samples)
        owned = inside & (m >= 3) & (m < 11)

        of_v = even_taps(g[m + 2], g[m + 3], g[m + 4], g[m + 5], g[m + 6], g[m + 7])
        if m == 3:
            of_v += tl.where(first == 0, five * g[8] + three * g[9] + T0 * g[10], 0.0)
        u = 2.0 * even_taps(x[m + 2], x[m + 3], x[m + 4], x[m + 5], x[m + 6], x[m + 7])
        y = half_turns(u, frequency)
        sine = double_sine(y)
        of_even = of_even + (tl.where(inside, of_v * (1.0 + slope * sine), 0.0),)
        of_alpha += tl.where(owned, of_v * u * sine, 0.0)
        of_inverse_beta += tl.where(owned, of_v * squared_sine(y), 0.0)

        of_v = odd_taps(g[m + 3], g[m + 4], g[m + 5], g[m + 6], g[m + 7], g[m + 8])
        of_v += tl.where(q == samples - 1, five * g[m + 5] + three * g[m + 4] + T0 * g[m + 3], 0.0)
        u = 2.0 * odd_taps(x[m + 3], x[m + 4], x[m + 5], x[m + 6], x[m + 7], x[m + 8])
        y = half_turns(u, frequency)
        sine = double_sine(y)
        of_odd = of_odd + (tl.where(inside, of_v * (1.0 + slope * sine), 0.0),)
        of_alpha += tl.where(owned, of_v * u * sine, 0.0)
        of_inverse_beta += tl.where(owned, of_v * squared_sine(y), 0.0)

    of_x = ()
    for j in tl.static_range(8):
        value = odd_taps(
            of_even[j + 1], of_even[j + 2], of_even[j + 3], of_even[j + 4], of_even[j + 5], of_even[j + 6]
        ) + even_taps(of_odd[j], of_odd[j + 1], of_odd[j + 2], of_odd[j + 3], of_odd[j + 4], of_odd[j + 5])
        if j == 0:
            left = (T0 + T2 + T4) * of_even[3] + (T0 + T2) * of_even[4] + T0 * of_even[5]
            left += (T1 + T3) * of_odd[3] + T1 * of_odd[4]
            value += tl.where(first == 0, left, 0.0)
        right = (T1 + T3) * of_even[j + 3] + T1 * of_even[j + 2]
        right += (T0 + T2 + T4) * of_odd[j + 3] + (T0 + T2) * of_odd[j + 2] + T0 * of_odd[j + 1]
        value += tl.where(first + j == samples - 1, right, 0.0)
        of_x = of_x + (2.0 * value,)
    store_eight(of_x_ptr + row * samples, first, samples, of_x, L)
    tl.store(of_alpha_ptr + program, tl.sum(of_alpha) * inverse_beta)
    tl.store(of_inverse_beta_ptr + program, tl.sum(of_inverse_beta))
