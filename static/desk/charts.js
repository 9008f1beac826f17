// The dashboard's line chart. Its data stand in the page as JSON; colours are those of the theme.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("trend");
  const source = document.getElementById("trend-data");
  if (!place || !source || !window.echarts) return;
  const data = JSON.parse(source.textContent);
  let chart = null;

  function colour(name) {
    return getComputedStyle(place).getPropertyValue(name).trim();
  }

  function line(index, values, stroke, dashed) {
    return {
      name: data.words[index], type: "line", data: values, symbol: "circle", symbolSize: 5, showSymbol: false,
      lineStyle: { width: 2, type: dashed ? [5, 4] : "solid" }, itemStyle: { color: stroke }, emphasis: { focus: "series" },
    };
  }

  function draw() {
    if (chart) chart.dispose();
    chart = echarts.init(place, null, { renderer: "svg" });
    const text = colour("--ink-2"), rule = colour("--rule");
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(place).fontFamily, color: text },
      grid: { left: 8, right: 12, top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 18, textStyle: { color: text } },
      tooltip: { trigger: "axis", backgroundColor: colour("--surface"), borderColor: rule, textStyle: { color: colour("--ink") } },
      xAxis: { type: "category", data: data.days, boundaryGap: false, axisLine: { lineStyle: { color: rule } },
               axisTick: { show: false }, axisLabel: { color: text } },
      yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: rule } }, axisLabel: { color: text } },
      series: [line(0, data.received, colour("--accent"), false), line(1, data.closed, colour("--done"), true)],
    });
    chart.getZr().on("click", (event) => {
      const at = chart.convertFromPixel({ gridIndex: 0 }, [event.offsetX, event.offsetY]);
      if (at && data.links[at[0]]) window.location.assign(data.links[at[0]]);
    });
  }

  draw();
  new ResizeObserver(() => chart.resize()).observe(place);
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
});
