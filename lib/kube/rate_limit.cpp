#include "kube/rate_limit.h"

#include <algorithm>

namespace kfrun::kube {

namespace {

using std::chrono::duration;
using std::chrono::seconds;

constexpr Duration kBurst = std::chrono::milliseconds(100);  // what was not used of the last moments may be made up for
constexpr Duration kLongestHold = seconds(30);
constexpr double kLeast = 1;          // a second
constexpr double kGrowth = 1.0 / 20;  // a second, of the rate that was refused: back there after ten
constexpr double kForgotten = 2;      // times that rate without a refusal: the limit was of another day

RateLimit::Time::duration spacing(double rate) {
  return std::chrono::duration_cast<RateLimit::Time::duration>(duration<double>(1 / rate));
}

}  // namespace

RateLimit::Time RateLimit::next() const { return rate_ ? std::max(held_, slot_ - kBurst) : held_; }

void RateLimit::begin(Time now) {
  grow(now);
  if (rate_) slot_ = std::max(slot_, now) + spacing(*rate_);
  begun_.push_back(now);
  (void)seen(now);
}

void RateLimit::refuse(Time began, Time now, Duration retry_after) {
  held_ = std::max(held_, now + std::min(retry_after, kLongestHold));
  if (began < halved_) return;
  refused_ = std::max(std::min(rate_.value_or(seen(now)), seen(now)), kLeast);
  rate_ = std::max(refused_ / 2, kLeast);
  halved_ = now;
  grown_ = held_;
}

void RateLimit::grow(Time now) {
  if (!rate_ || refused_ == 0 || now <= grown_) return;
  *rate_ += refused_ * kGrowth * duration<double>(now - grown_).count();
  grown_ = now;
  if (ceiling_) rate_ = std::min(*rate_, *ceiling_);
  if (*rate_ < refused_ * kForgotten && rate_ != ceiling_) return;
  rate_ = ceiling_;
  refused_ = 0;
}

// Requests that began in the last second.
double RateLimit::seen(Time now) {
  while (!begun_.empty() && begun_.front() <= now - seconds(1)) begun_.pop_front();
  return static_cast<double>(begun_.size());
}

}  // namespace kfrun::kube
