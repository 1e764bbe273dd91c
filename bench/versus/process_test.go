package versus

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of the times in /proc/<pid>/stat, which is fixed in Linux (man 5 proc_pid_stat, USER_HZ).
const clockTick = 10 * time.Millisecond

// processorTime returns the processor time of a process so far, including its ended threads. It is precise to the
// nanosecond, unlike the times in /proc: it reads the process's clock, whose id Linux computes from pid (man 3
// clock_getcpuclockid).
func processorTime(pid int) (time.Duration, error) {
	const scheduledTime = 2 // CPUCLOCK_SCHED
	var used unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|scheduledTime), &used)
	return time.Duration(used.Nano()), err
}

// processorTimeOfTree returns the processor time of a process and its children, including children that have ended. For
// the main process of Postgres this is the time of the whole server.
func processorTimeOfTree(pid int) (time.Duration, error) {
	total, err := processorTimeWithEndedChildren(pid)
	if err != nil {
		return 0, err
	}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, err
	}
	for _, file := range tasks {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		for _, child := range strings.Fields(string(text)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				return 0, err
			}
			if used, err := processorTimeWithEndedChildren(id); err == nil { // that of an ended child is in its parent's
				total += used
			}
		}
	}
	return total, nil
}

// processorTimeWithEndedChildren returns the processor time of a process and of its children that have ended.
func processorTimeWithEndedChildren(pid int) (time.Duration, error) {
	total, err := processorTime(pid)
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // the fields from the third on
	for _, field := range fields[13:15] {                                               // cutime and cstime
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ticks) * clockTick
	}
	return total, nil
}

// peakMemory returns the largest resident memory of a process so far, in MiB.
func peakMemory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
	}
	kB, err := strconv.Atoi(fields[0])
	return float64(kB) / 1024, err
}

// childProcessID returns the child process of pid, which must have one. If it has several, childProcessID returns the
// last one.
func childProcessID(pid int) (int, error) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range tasks {
		text, err := os.ReadFile(file)
		if children := strings.Fields(string(text)); err == nil && len(children) > 0 {
			return strconv.Atoi(children[len(children)-1])
		}
	}
	return 0, fmt.Errorf("process %d has no child process", pid)
}

func TestProcessorTimeOfThisProcessIsRead(t *testing.T) {
	t.Parallel()
	used, err := processorTime(os.Getpid())
	if err != nil || used <= 0 {
		t.Fatalf("processor time of this process: got %v and the error %v, want more than 0", used, err)
	}
	again, err := processorTime(os.Getpid()) // reading the value also takes processor time
	if err != nil || again <= used {
		t.Errorf("processor time of this process, read again: got %v and the error %v, want more than %v", again, err, used)
	}
	if tree, err := processorTimeOfTree(os.Getpid()); err != nil || tree < used {
		t.Errorf("processor time with child processes: got %v and the error %v, want at least the %v without them",
			tree, err, used)
	}
	if most, err := peakMemory(os.Getpid()); err != nil || most < 1 {
		t.Errorf("peak memory: got %v MiB and the error %v, want at least 1 MiB", most, err)
	}
}
