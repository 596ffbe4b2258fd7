/* Independent chains of fused multiply-adds in registers: the most that one core can do.
 *
 * Compiled by peak.py for the machine at hand (-O3 -march=native). 12 chains cover the latency of
 * two units and fit the 16 registers of AVX2; wider registers are used where there are any. */

#if defined(__AVX512F__)
#define BYTES 64
#define CHAINS 24
#elif defined(__AVX__)
#define BYTES 32
#define CHAINS 12
#else
#define BYTES 16
#define CHAINS 24
#endif

typedef float vector __attribute__((vector_size(BYTES)));

/* Runs `rounds` of CHAINS multiply-adds; returns the number of operations, two each. */
double multiply_add(long rounds, float *out) {
    vector chain[CHAINS], factor = {0}, term = {0};
    factor += 0.999f;
    term += 1e-3f;
    for (int i = 0; i < CHAINS; ++i) chain[i] = term * (float)i;
    for (long r = 0; r < rounds; ++r) {
#pragma GCC unroll 32
        for (int i = 0; i < CHAINS; ++i) chain[i] = chain[i] * factor + term;
    }
    vector sum = {0};
    for (int i = 0; i < CHAINS; ++i) sum += chain[i];
    for (int i = 0; i < BYTES / (int)sizeof(float); ++i) out[i] = sum[i];
    return 2.0 * CHAINS * (BYTES / sizeof(float)) * (double)rounds;
}
